// Server-sent events (HTML standard, 9.2), with the reader's key, which an EventSource cannot send.

import { authorization } from "./ask.js";

const RETRY_MS = 3_000; // as browsers wait before they connect to a stream again
// The hub says something each 15 s, if only that it is there: who hears nothing for so long is cut
// off, whatever the network says.
const SILENT_MS = 40_000;

/**
 * @typedef {object} Listeners
 * @property {() => void} opened
 * @property {(name: string, data: string) => void} came
 * @property {(isRefused: boolean) => void} lost The connection ended; it is made again, unless the
 *   hub refused it.
 */

/** Takes the text of a stream apart, and tells of each event its name and data. */
class Events {
  lastId;
  #rest = "";
  #came;

  /** @param {string} lastId @param {Listeners["came"]} came */
  constructor(lastId, came) {
    this.lastId = lastId;
    this.#came = came;
  }

  /** Begins with a new connection. */
  begin() {
    this.#rest = "";
  }

  /** @param {string} text */
  take(text) {
    const blocks = (this.#rest + text).split(/\r?\n\r?\n/);
    this.#rest = /** @type {string} */ (blocks.pop());
    for (const block of blocks) this.#tell(block);
  }

  /** @param {string} block */
  #tell(block) {
    const data = [];
    let name = "message";
    for (const line of block.split(/\r?\n/)) {
      const [, field, value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (field === "event") name = value;
      else if (field === "data") data.push(value);
      else if (field === "id") this.lastId = value;
    }
    try {
      if (data.length) this.#came(name, data.join("\n"));
    } catch (error) {
      reportError(error); // goes to the console; what comes next is shown all the same
    }
  }
}

/**
 * Follows a stream, again and again, until it is closed or refused.
 * @param {string} path
 * @param {string} lastId What is known already; empty where nothing is.
 * @param {Listeners} listeners
 */
export function followEvents(path, lastId, { opened, came, lost }) {
  const stop = new AbortController();
  const { signal } = stop;
  const events = new Events(lastId, came);
  let silent = 0;

  /** Ends a connection on which nothing is heard any more. @param {AbortController} connection */
  function listen(connection) {
    clearTimeout(silent);
    silent = setTimeout(() => connection.abort(), SILENT_MS);
  }

  /** Reads until the connection ends; tells whether the hub refused it. */
  async function read() {
    /** @type {Record<string, string>} */
    const headers = { Accept: "text/event-stream", ...authorization() };
    if (events.lastId) headers["Last-Event-ID"] = events.lastId;
    const connection = new AbortController();
    const either = AbortSignal.any([signal, connection.signal]);
    const asked = { headers, cache: /** @type {const} */ ("no-store"), signal: either };
    listen(connection);
    const answer = await fetch(path, asked).catch(() => null);
    if (signal.aborted || !answer) return false;
    if (!answer.ok || !answer.body) return true;
    opened();
    events.begin();
    const chunks = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await chunks.read().catch(() => ({ done: true, value: undefined }));
      if (signal.aborted || done || value === undefined) return false;
      listen(connection);
      events.take(value);
    }
  }

  async function follow() {
    while (!signal.aborted) {
      const isRefused = await read();
      clearTimeout(silent);
      if (signal.aborted) return;
      lost(isRefused);
      if (isRefused) return;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  void follow();
  return { close: () => stop.abort() };
}
