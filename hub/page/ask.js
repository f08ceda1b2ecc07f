// Questions to the hub, with the reader's key.

import { page } from "./page.js";
import { words } from "./words.js";

const t = words({
  vi: {
    unreachable: "Không liên lạc được với máy chủ; trang tự thử lại.",
    odd_answer: "Máy chủ trả lời không đúng định dạng (mã {0}).",
  },
  en: {
    unreachable: "The server cannot be reached; the page retries by itself.",
    odd_answer: "The server's answer is malformed (status {0}).",
  },
});

const REFUSALS = [400, 404, 422];

/** An answer that is not what was asked for: an unreachable hub, or its problem+json. */
export class Trouble extends Error {
  /**
   * @param {() => string} say Tells it in the reader's language, whichever that is by then.
   * @param {boolean} [isRefusal] The question itself was refused: asked again, it will be again.
   */
  constructor(say, isRefusal = false) {
    super(say());
    this.say = say;
    this.isRefusal = isRefusal;
  }
}

/**
 * Reads JSON. Integers that a double cannot hold stay exact where the browser gives the digits as
 * they are written.
 * @param {string} text
 */
export const parse = (text) =>
  JSON.parse(
    text,
    /** @param {string} _ @param {unknown} value @param {{ source?: string }} [context] */
    (_, value, context) =>
      Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source
        ? BigInt(context.source)
        : value,
  );

/**
 * The reader's key, kept until the tab is closed: elsewhere than on the hub's own machine all
 * answers need one.
 * @returns {Record<string, string>}
 */
export function authorization() {
  const key = sessionStorage.getItem("key");
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** @param {string} path @param {RequestInit} [init] */
async function send(path, init = {}) {
  const headers = { Accept: "application/json", ...authorization(), ...init.headers };
  try {
    const answer = await fetch(path, { ...init, headers });
    if (answer.status === 401) page.set({ isKeyAsked: true });
    const bytes = await answer.blob();
    return { answer, bytes, text: await bytes.text() };
  } catch {
    throw new Trouble(() => t("unreachable"));
  }
}

/**
 * Reads an answer, or throws the trouble that it tells. Of a file whose rows are all wrong the
 * answer says so row by row, and is read too.
 * @param {{ answer: Response, text: string }} sent
 */
function read({ answer, text }) {
  let body;
  try {
    body = parse(text);
  } catch {
    throw new Trouble(() => t("odd_answer", answer.status));
  }
  if (answer.ok || (answer.status === 422 && body.rejected)) return body;
  throw new Trouble(
    () =>
      body[`message_${page.now.lang}`] ??
      body.detail ??
      body.title ??
      t("odd_answer", answer.status),
    REFUSALS.includes(answer.status),
  );
}

/**
 * Asks the hub.
 * @param {string} path
 */
export const ask = async (path) => read(await send(path));

/**
 * Posts JSON.
 * @param {string} path
 * @param {unknown} body
 */
export const post = (path, body) => sendJson("POST", path, body);

/**
 * Puts JSON.
 * @param {string} path
 * @param {unknown} body
 */
export const put = (path, body) => sendJson("PUT", path, body);

/** @param {string} method @param {string} path @param {unknown} body */
async function sendJson(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  return read(await send(path, { method, headers, body: JSON.stringify(body) }));
}

/**
 * Posts a file.
 * @param {string} path
 * @param {Blob} file
 */
export const postFile = async (path, file) =>
  read(await send(path, { method: "POST", body: file }));

/**
 * Asks for what is not JSON.
 * @param {string} path
 */
export async function askText(path) {
  const sent = await send(path);
  return sent.answer.ok ? sent.text : read(sent);
}

/**
 * Asks for a file.
 * @param {string} path
 * @param {string} [accept] Its media type, where the address answers with more than one.
 */
export async function askFile(path, accept) {
  const sent = await send(path, accept ? { headers: { Accept: accept } } : {});
  return sent.answer.ok ? sent.bytes : read(sent);
}
