// What every page needs: elements, questions to the hub, and the reader's language.

import { LANGS, words } from "./strings.js";

const RETRY_MS = 3_000; // as browsers wait before they connect to a stream again

/** Any answer that is not a figure: an unreachable server or a problem+json, readable in both languages. */
export class Trouble extends Error {
  constructor(say) {
    super(say("en"));
    this.say = say;
  }
}

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Integers that a double cannot hold are kept exact where the browser gives the digits as written. */
export const parse = (text) => JSON.parse(text, (_, value, context) =>
  Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source ? BigInt(context.source) : value);

const keyForm = () => document.getElementById("key-form");

/** The reader's key, kept until the tab is closed: elsewhere than on the hub's own machine all answers need one. */
const authorization = () => {
  const key = sessionStorage.getItem("key");
  return key ? { Authorization: `Bearer ${key}` } : {};
};

/** Has a page read again when its form is given a key; a hidden form is shown while the hub asks for one. */
export function onKeyGiven(read) {
  const form = keyForm();
  const isAlwaysThere = !form.hidden;
  form.elements.key.value = sessionStorage.getItem("key") ?? "";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem("key", form.elements.key.value.trim());
    form.hidden = !isAlwaysThere;
    read();
  });
}

/** Asks the hub; with a body, posts it. */
export async function ask(path, { body: posted, file, isText = false } = {}) {
  let answer;
  let text;
  try {
    const headers = { Accept: "application/json", ...authorization() };
    answer = await fetch(path, file ? { method: "POST", headers, body: file }
      : posted === undefined ? { headers }
      : { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(posted) });
    text = await answer.text();
  } catch {
    throw new Trouble((lang) => words(lang)("unreachable"));
  }
  if (answer.status === 401) keyForm().hidden = false;
  if (isText && answer.ok) return text;
  let body;
  try {
    body = parse(text);
  } catch {
    throw new Trouble((lang) => words(lang)("odd_answer", answer.status));
  }
  if (!answer.ok) {
    throw new Trouble((lang) => body[`message_${lang}`] ?? body.detail ?? body.title ?? words(lang)("odd_answer", answer.status));
  }
  return body;
}

/**
 * Follows server-sent events (HTML standard, 9.2), again and again, with the reader's key, which an EventSource cannot
 * send. Tells of each event its name and data, and when the connection opens and is lost; a refusal ends it.
 */
export function followEvents(path, { opened, came, lost }) {
  const stop = new AbortController();
  const { signal } = stop;
  let lastId = "";

  function take(block) {
    const data = [];
    let name = "message";
    for (const line of block.split(/\r?\n/)) {
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
      if (field === "event") name = value;
      else if (field === "data") data.push(value);
      else if (field === "id") lastId = value;
    }
    try {
      if (data.length) came(name, data.join("\n"));
    } catch (error) {
      reportError(error); // said in the console; what comes next is shown all the same
    }
  }

  /** Reads until the connection ends; tells whether the hub refused it. */
  async function read() {
    const headers = { Accept: "text/event-stream", ...authorization(), ...(lastId && { "Last-Event-ID": lastId }) };
    const answer = await fetch(path, { headers, cache: "no-store", signal }).catch(() => null);
    if (signal.aborted || !answer) return false;
    if (!answer.ok) return true;
    opened();
    const chunks = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { value, done } = await chunks.read().catch(() => ({ done: true }));
      if (signal.aborted || done) return false;
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop();
      for (const block of blocks) take(block);
    }
  }

  async function follow() {
    while (!signal.aborted) {
      const isRefused = await read();
      if (signal.aborted) return;
      lost(isRefused);
      if (isRefused) return;
      await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
    }
  }

  void follow();
  return { close: () => stop.abort() };
}

/** The language asked for in the address, else the one kept from before, else Vietnamese. */
export const wishedLang = () =>
  [new URLSearchParams(location.search).get("lang"), localStorage.getItem("lang")].find((lang) => LANGS.includes(lang)) ?? "vi";

/** Keeps values in the address, so that it can be shared. */
export function remember(values) {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(values)) {
    if (value) query.set(key, value);
    else query.delete(key);
  }
  history.replaceState(null, "", `?${query}`);
}

/** Writes all fixed texts in a language. */
export function drawTexts(lang, title) {
  const t = words(lang);
  document.documentElement.lang = lang;
  document.title = title;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
  for (const node of document.querySelectorAll("[data-lang]")) node.setAttribute("aria-pressed", node.dataset.lang === lang);
}

/** Has a page speak the language whose button is pressed, and keeps it. */
export function onLangChosen(speak) {
  for (const node of document.querySelectorAll("[data-lang]")) {
    node.addEventListener("click", () => {
      localStorage.setItem("lang", node.dataset.lang);
      remember({ lang: node.dataset.lang });
      speak(node.dataset.lang);
    });
  }
}
