/**
 * The platform's side of LTI Client Side postMessages: what a tool's frame may ask of the page
 * around it. Data is kept in memory, per origin, for as long as the page lives.
 */

const toolOrigin = document.querySelector("script[data-tool]").dataset.tool;
const LIMITS = { keys: 50, characters: 4096 };
const kept = new Map();

function refusal(code, message) {
  return { error: { code, message } };
}

function put({ key, value }) {
  if (typeof key !== "string" || key === "") return refusal("bad_request", "key is missing");
  if (value === undefined || value === null) {
    kept.delete(key);
    return { key };
  }
  const isFull = !kept.has(key) && kept.size >= LIMITS.keys;
  if (isFull || String(value).length + key.length > LIMITS.characters) {
    return refusal("storage_exhaustion", "no more room for this tool");
  }
  kept.set(key, value);
  return { key, value };
}

function get({ key }) {
  return { key, value: kept.get(key) ?? null };
}

function capabilities() {
  const frame = "lti-storage";
  const own = Object.keys(subjects).map((subject) => ({ subject }));
  const supported = own.map((entry) => (entry.subject.endsWith("_data") ? { ...entry, frame } : entry));
  return { supported_messages: supported };
}

function resize({ height }, source) {
  const tool = document.querySelector("iframe.tool");
  if (tool?.contentWindow === source && height > 0 && height < 100_000) {
    tool.style.blockSize = `${Math.ceil(height)}px`;
  }
}

const subjects = { "lti.capabilities": capabilities, "lti.put_data": put, "lti.get_data": get };

addEventListener("message", ({ data, origin, source }) => {
  // Anything may post to a page; only the registered tool is answered.
  if (origin !== toolOrigin || typeof data?.subject !== "string") return;
  if (data.subject === "lti.frameResize") return resize(data, source);
  const answer = subjects[data.subject]?.(data);
  if (answer) {
    const { subject, message_id } = data;
    source.postMessage({ subject: `${subject}.response`, message_id, ...answer }, origin);
  }
});
