// What every page needs: elements, questions to the hub, and the reader's language.

import { LANGS, words } from "./strings.js";

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

/** Asks the hub, with a key where one is given; with a body, posts it. */
export async function ask(path, { key = "", body: posted, file, isText = false } = {}) {
  let answer;
  let text;
  try {
    const headers = { Accept: "application/json", ...(key && { Authorization: `Bearer ${key}` }) };
    answer = await fetch(path, file ? { method: "POST", headers, body: file }
      : posted === undefined ? { headers }
      : { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(posted) });
    text = await answer.text();
  } catch {
    throw new Trouble((lang) => words(lang)("unreachable"));
  }
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
