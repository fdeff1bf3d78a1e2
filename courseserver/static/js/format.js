/**
 * Numbers in words: the same small format language as `labs/text.py`, tested on the same pairs.
 *
 * `si FLOP/s` 572 TFLOP/s · `pct` 21.7% · `pct0` 22% · `time` 115 ms · `int` 16,384 · `x` 2.70× ·
 * `usd` $585 · `n layer` 12 layers · `many weight` 725 billion weights · `g3` three significant digits; `time` and `x` may end in another number of digits.
 * Text passes through.
 * @module
 */

/** @typedef {import("./types.d.ts").Value} Value */

/** @type {[number, string][]} */
const PREFIXES = [
  [1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""],
  [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"], [1e-12, "p"],
];
/** From this many seconds on, in units of, called. @type {[number, number, string][]} */
const TIMES = [
  [8.64e9, 31557600, "years"], [172800, 86400, "days"], [7200, 3600, "h"], [120, 60, "min"], [1, 1, "s"],
  [1e-3, 1e-3, "ms"], [1e-6, 1e-6, "µs"], [1e-9, 1e-9, "ns"],
];

/**
 * Mantissa with `decimals` places and exponent, ties to even as Python rounds them.
 * @param {number} x @param {number} decimals @returns {[string, number]}
 */
function scientific(x, decimals) {
  const exact = Math.abs(x).toExponential(Math.min(decimals + 30, 100));
  const digits = exact.slice(0, exact.indexOf("e")).replace(".", "");
  const kept = digits.slice(0, decimals + 1);
  const isTie = /^50*$/.test(digits.slice(decimals + 1));
  const isEven = Number(kept.at(-1)) % 2 === 0;
  if (isTie && isEven) {
    const mantissa = decimals ? `${kept[0]}.${kept.slice(1)}` : kept;
    return [(x < 0 ? "-" : "") + mantissa, Number(exact.slice(exact.indexOf("e") + 1))];
  }
  const [mantissa, exponent] = x.toExponential(decimals).split("e");
  return [mantissa, Number(exponent)];
}

/** @param {number} x @param {number} decimals */
function rounded(x, decimals) {
  const [mantissa, exponent] = scientific(x, decimals);
  return Number(`${mantissa}e${exponent}`);
}

/**
 * The digits that hold whichever way a number was computed or sent; ties are decided on these.
 * @param {number} x
 */
const settled = (x) => (Number.isFinite(x) && x !== 0 ? rounded(x, 8) : x);

/** The integer nearest to x, ties to even. @param {number} x */
function nearest(x) {
  const floor = Math.floor(x);
  if (x - floor === 0.5) return floor % 2 === 0 ? floor : floor + 1;
  return Math.round(x);
}

/** @param {string} text */
const minus = (text) => text.replace("-", "−");

/** @param {number} x @param {number} decimals */
function grouped(x, decimals) {
  const [whole, part] = x.toFixed(decimals).split(".");
  return minus(whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? `.${part}` : ""));
}

/** @param {number} x */
const whole = (x) => (nearest(x) === 0 ? "0" : grouped(nearest(x), 0));

const RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹";

/**
 * `x` with that many significant digits, thousands separated, no exponent from 1e-4.
 * @param {number} given @param {number} digits
 */
export function significant(given, digits) {
  const x = settled(given);
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : x < 0 ? "−∞" : "none";
  if (Math.abs(x) < 1e-4 || Math.abs(x) >= 1e15) {
    const [mantissa, exponent] = scientific(x, digits - 1);
    return `${minus(mantissa)} × 10${[...String(exponent)].map((sign) => RAISED["-0123456789".indexOf(sign)]).join("")}`;
  }
  const value = rounded(x, digits - 1);
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value)) + 1e-12));
  return grouped(value, decimals);
}

/** @param {number} x @param {string} unit */
function si(x, unit) {
  if (x === 0 || !Number.isFinite(x)) return `${significant(x, 3)} ${unit}`;
  const [scale, prefix] = prefixOf(x, unit);
  return `${significant(x / scale, 3)} ${prefix}${unit}`.trimEnd();
}

/** From this count on, in units called. @type {[number, string][]} */
const COUNTS = [[1e12, "trillion"], [1e9, "billion"], [1e6, "million"]];

/** A count as people say it: 2,592 weights, 725 billion weights. @param {number} x @param {string} noun */
function many(x, noun) {
  const found = COUNTS.find(([from]) => rounded(x, 2) >= from);
  return found ? `${significant(x / found[0], 3)} ${found[1]} ${noun}s` : quantity(x, `n ${noun}`);
}

/** @param {number} x @param {string} unit @returns {[number, string]} */
function prefixOf(x, unit) {
  const size = Math.abs(rounded(x, 2));
  const found = PREFIXES.find(([scale]) => size >= scale) ?? PREFIXES[PREFIXES.length - 1];
  return unit.startsWith("B") && found[0] < 1 ? [1, ""] : found;
}

/** @param {number} x @param {number} digits */
function time(x, digits) {
  if (x === 0) return "0 s";
  if (!Number.isFinite(x)) return significant(x, digits);
  if (Math.abs(x) < LEAST_TIME) return `under ${(LEAST_TIME / 1e-9).toFixed(4)} ns`;
  const [, scale, unit] = timeOf(x);
  return `${significant(x / scale, digits)} ${unit}`;
}

const FEWEST_PERCENT = 1e-4;
const LEAST_TIME = 1e-13;
const LEAST_AMOUNT = 1e-9;

/**
 * Nearly all does not read as all, nor hardly any as a power of ten.
 * @param {number} x
 */
function percent(x) {
  const value = settled(100 * x);
  if (Math.abs(value) > 0 && Math.abs(value) < FEWEST_PERCENT) return `under ${FEWEST_PERCENT.toFixed(4)}`;
  const missing = 100 - value;
  if (!(missing > 0 && missing <= 0.05)) return significant(value, 3);
  if (missing < FEWEST_PERCENT * (1 - 1e-6)) return `over ${(100 - FEWEST_PERCENT).toFixed(4)}`;
  return value.toFixed(Math.ceil(-Math.log10(missing) - 1e-6));
}

/** An amount below a thousand: whole cents at least, three digits where it has them. @param {number} x */
function cents(x) {
  const size = Math.abs(settled(x));
  if (size < LEAST_AMOUNT) return "0";
  const text = significant(x, size >= 10 && size < 100 ? 4 : 3);
  if (size >= 100 || text.includes("×") || !Number.isFinite(x)) return text;
  const [before, part = ""] = text.split(".");
  return `${before}.${part.slice(0, 2).padEnd(2, "0")}${part.slice(2).replace(/0+$/, "")}`;
}

/** @param {number} x */
function timeOf(x) {
  const size = Math.abs(rounded(x, 2));
  return TIMES.find(([from]) => size >= from) ?? TIMES[TIMES.length - 1];
}

/**
 * A number written as `spec` says.
 * @param {number} x @param {string} spec @returns {string}
 */
export function quantity(x, spec) {
  if (spec === "int") return whole(x);
  if (spec === "pct") return `${percent(x)}%`;
  if (spec === "pct0") return `${whole(settled(100 * x)).replaceAll(",", "")}%`;
  if (spec === "usd") return (Math.abs(x) < 1000 ? cents(x) : whole(x)).replace(/^(−?)/, "$1$$");
  const [, kind, digits] = /^(time|x)([1-9]?)$/.exec(spec) ?? [];
  if (kind === "time") return time(x, Number(digits || 3));
  if (kind === "x") return `${significant(x, Number(digits || 3))}×`;
  if (spec.startsWith("si ")) return si(x, spec.slice(3));
  if (spec.startsWith("many ")) return many(x, spec.slice(5));
  if (spec.startsWith("n ")) return `${whole(x)} ${spec.slice(2)}${whole(x) === "1" ? "" : "s"}`;
  if (/^g\d+$/.test(spec)) return significant(x, Number(spec.slice(1)));
  throw new RangeError(`unknown number format ${spec}`);
}

/** A value in words: numbers by `spec`, text as it is. @param {Value} value @param {string} spec */
export function words(value, spec) {
  if (value === null || value === undefined) return "none";
  if (typeof value === "number") return quantity(value, spec || "g3");
  const noun = /^(?:n|many) (.+)$/.exec(spec)?.[1];
  return noun ? `${value} ${noun}s` : String(value);
}

/**
 * The template with every `{name:spec}` replaced; an unknown name is a mistake in the lab.
 * @param {string} template @param {Record<string, Value>} values
 */
export function fill(template, values) {
  return template.replace(/\{\{|\}\}|\{(\w+)(?::([^}]*))?\}/g, (whole_, name, spec) => {
    if (!name) return whole_[0];
    if (!(name in values)) throw new RangeError(`no value is called ${name}`);
    return words(values[name], spec ?? "");
  });
}

/**
 * What a person typed into a field of this format, or null where it cannot be read.
 *
 * A bare number counts in the unit that the field shows: "30" beside 21.7% is 30%, "5" beside
 * 115 ms is 5 ms, "2" beside 25.8 GB is 2 GB.
 * @param {string} text @param {string} spec @param {number} shown
 * @returns {number | null}
 */
export function read(text, spec, shown) {
  const match = /^([-−+]?[\d.,]+(?:e[-+]?\d+)?)\s*(.*)$/i.exec(text.trim().replace(/^\$/, ""));
  if (!match) return null;
  const x = Number(match[1].replace(/,/g, "").replace("−", "-"));
  if (!Number.isFinite(x)) return null;
  const scale = scaleOf(match[2], spec, shown);
  return scale === null ? null : x * scale;
}

/** @param {string} unit @param {string} spec @param {number} shown @returns {number | null} */
function scaleOf(unit, spec, shown) {
  if (spec.startsWith("pct")) return unit === "" || unit === "%" ? 0.01 : null;
  if (spec === "time") {
    if (unit === "") return timeOf(shown || 1)[1];
    return TIMES.find(([, , name]) => name === unit || name.replace("µ", "u") === unit)?.[1] ?? null;
  }
  const base = spec.startsWith("si ") ? spec.slice(3) : "";
  if (unit === "") return base ? prefixOf(shown || 1, base)[0] : 1;
  const bare = base && unit.endsWith(base) ? unit.slice(0, -base.length) : unit.replace(/[×x]$/, "");
  const prefix = bare.trim().replace("u", "µ");
  return PREFIXES.find(([, name]) => name === prefix || (prefix === "K" && name === "k"))?.[0] ?? null;
}
