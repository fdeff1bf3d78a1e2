/**
 * Talking to the server: JSON with the CSRF token, and refusals in words.
 * @module
 */

/** The server answered, and refused: what, why, and what now (RFC 9457). */
export class Refused extends Error {
  /** @param {number} status @param {Record<string, any>} problem */
  constructor(status, problem) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.status = status;
    this.title = problem.title || "That did not work";
    this.remedy = problem.remedy || "";
    this.problem = problem;
  }
}

/** The server did not answer. */
export class Offline extends Error {}

const token = () => document.querySelector('meta[name="csrf"]')?.getAttribute("content") ?? "";

/**
 * @param {string} method @param {string} url @param {object} [body]
 * @param {{signal?: AbortSignal, etag?: string}} [options]
 * @returns {Promise<{status: number, data: any, etag: string}>}
 */
export async function send(method, url, body, { signal, etag } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRFToken"] = token();
  if (etag) headers["If-None-Match"] = etag;
  const response = await reach(url, { method, headers, body: body && JSON.stringify(body), signal });
  if (response.status === 304) return { status: 304, data: null, etag: etag ?? "" };
  const data = await jsonOf(response);
  if (!response.ok) throw new Refused(response.status, data ?? {});
  return { status: response.status, data, etag: response.headers.get("ETag") ?? "" };
}

/** @param {string} url @param {RequestInit} init */
async function reach(url, init) {
  try {
    return await fetch(url, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Offline("The server cannot be reached.", { cause: error });
  }
}

/** @param {Response} response */
async function jsonOf(response) {
  const isJson = /json/.test(response.headers.get("Content-Type") ?? "");
  return isJson ? response.json() : null;
}

/** The data block that the server put into the page under this id. @param {string} id */
export function pageData(id) {
  const block = document.getElementById(id);
  if (!block?.textContent) throw new RangeError(`the page has no data block ${id}`);
  return JSON.parse(block.textContent);
}
