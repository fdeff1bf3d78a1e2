/**
 * Axes: from values to pixels, and where the ticks go.
 * @module
 */

/** @typedef {import("./types.d.ts").Scale} Scale */

/** @param {number} low @param {number} high @param {number} count */
function linearTicks(low, high, count) {
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((s) => s * power >= raw * 0.999) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Round ticks in a unit of `size`. @param {number} size @param {number} low @param {number} high @param {number} count */
const ticksIn = (size, low, high, count) => linearTicks(low / size, high / size, count).map((x) => x * size);

/** Decades, thinned or filled with 2 and 5. @param {number} low @param {number} high @param {number} count */
function logTicks(low, high, count) {
  const from = Math.floor(Math.log10(low) + 1e-9);
  const to = Math.ceil(Math.log10(high) - 1e-9);
  const decades = Math.log10(high / low);
  const steps = decades < count / 2.5 ? [1, 2, 5] : decades < count / 1.6 ? [1, 3] : [1];
  // Between the first power inside and the last: half a decade at an end leaves room, not a tick.
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const every = steps.length === 1 ? Math.max(1, Math.ceil((last - first) / count)) : 1;
  const ticks = [];
  for (let e = from; e <= to; e += 1) {
    if (e % every) continue;
    for (const s of steps) {
      const tick = Number(`${s}e${e}`);
      if (tick >= low * 0.9999 && tick <= high * 1.0001) ticks.push(tick);
    }
  }
  return ticks.length > 1 ? ticks : linearTicks(low, high, count);
}

/** @type {[number, string][]} */
const TIME_UNITS = [
  [86400, "days"], [3600, "h"], [60, "min"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"],
];

/** The unit in which an axis up to `high` seconds is read. @param {number} high @returns {[number, string]} */
export function timeUnit(high) {
  return TIME_UNITS.find(([size]) => 2 * size <= high * 1.0001) ?? TIME_UNITS[TIME_UNITS.length - 1];
}

/** Where people expect ticks of time: 1 s, 10 s, 1 min, 10 min, 1 h … */
const MOMENTS = [
  1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 60, 600, 3600, 36000, 86400, 864000,
  8640000, 86400000, 864000000,
];

/** Between two of them, where there is room: 3 s, 30 s, 3 min, 30 min, 3 h, 12 h … */
const BETWEEN = [
  3e-9, 3e-8, 3e-7, 3e-6, 3e-5, 3e-4, 3e-3, 3e-2, 0.3, 3, 30, 180, 1800, 10800, 259200, 2592000,
  25920000, 259200000,
];
const FINE_MOMENTS = [...MOMENTS, ...BETWEEN].sort((a, b) => a - b);

/** @param {number} low @param {number} high @param {number} count */
function momentTicks(low, high, count) {
  if (high / low < 8) return logTicks(low, high, count);
  const moments = high / low < 1e4 ? FINE_MOMENTS : MOMENTS;
  const inside = moments.filter((x) => x >= low * 0.9999 && x <= high * 1.0001);
  const every = Math.max(1, Math.ceil(inside.length / (count + 1)));
  return inside.filter((_, i) => i % every === 0);
}

/**
 * Round a range outwards so that it ends on ticks, with a little air above what is drawn.
 * @param {number} low @param {number} high @param {{isLog?: boolean, isTime?: boolean}} kind
 * @returns {[number, number]}
 */
export function roundedRange(low, high, { isLog = false, isTime = false }) {
  if (isLog) return roundedLog(low, high);
  const size = isTime ? timeUnit(high)[0] : 1;
  const [from, to] = roundedLinear(low / size, high / size);
  return [from * size, to * size];
}

/** @param {number} low @param {number} high @returns {[number, number]} */
function roundedLog(low, high) {
  if (high / low < 1.0001) return [low / 2, high * 2];
  if (high / low <= 30) return [niceLog(low, -1), niceLog(high * 1.02, 1)];
  const to = 10 ** Math.ceil(Math.log10(high) - 0.02);
  return [10 ** Math.floor(Math.log10(low) + 0.02), to < high * 1.15 ? to * 2 : to];
}

/** @param {number} low @param {number} high @returns {[number, number]} */
function roundedLinear(low, high) {
  if (high - low < 1e-12 * Math.max(1, Math.abs(high))) return [low - 1, high + 1];
  const step = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(step));
  const nice = ([1, 2, 2.5, 5, 10].find((s) => s * power >= step * 0.999) ?? 10) * power;
  const to = Math.ceil(high / nice - 1e-9) * nice;
  return [Math.floor(low / nice + 1e-9) * nice, to - high < 0.1 * nice ? to + nice / 2 : to];
}

/** The next of 1, 2, 5 times a power of ten. @param {number} x @param {1 | -1} direction */
function niceLog(x, direction) {
  const power = 10 ** Math.floor(Math.log10(x) + 1e-9);
  const steps = [1, 2, 5, 10].map((s) => s * power);
  if (direction > 0) return steps.find((s) => s >= x * 0.999) ?? 10 * power;
  return steps.findLast((s) => s <= x * 1.001) ?? power;
}

/**
 * @param {{low: number, high: number, isLog: boolean, from: number, to: number, ticks: number,
 *   isTime?: boolean}} axis
 * @returns {Scale}
 */
export function scale({ low, high, isLog, from, to, ticks, isTime = false }) {
  const inLog = isTime ? momentTicks : logTicks;
  const span = isLog ? Math.log(high / low) : high - low;
  return {
    at: isLog
      ? (x) => from + ((to - from) * Math.log(Math.max(x, low * 1e-6) / low)) / span
      : (x) => from + ((to - from) * (x - low)) / span,
    ticks: isLog ? inLog(low, high, ticks) : ticksIn(isTime ? timeUnit(high)[0] : 1, low, high, ticks),
    low,
    high,
    isLog,
  };
}

/**
 * The part of a range from zero that shows `need` well. It moves in leaps and only when what is
 * shown has outgrown it or become a sliver, so that axes stand still through most of a drag.
 * @param {[number, number]} range @param {number} need @param {[number, number] | null} shown
 * @param {boolean} isTime @returns {[number, number]}
 */
export function closeUp(range, need, shown, isTime) {
  if (range[0] !== 0 || !(need > 0)) return range;
  if (shown && shown[1] <= range[1] && need <= shown[1] && need >= 0.2 * shown[1]) return shown;
  const [, high] = roundedRange(0, need * 1.2, { isTime });
  return [0, Math.min(high, range[1])];
}

/**
 * Grow `range` to hold the finite values (the positive ones on a log axis).
 * @param {[number, number]} range @param {Iterable<number | null>} values @param {boolean} isLog
 */
export function widen(range, values, isLog) {
  for (const x of values) {
    if (typeof x !== "number" || !Number.isFinite(x) || (isLog && x <= 0)) continue;
    if (x < range[0]) range[0] = x;
    if (x > range[1]) range[1] = x;
  }
}
