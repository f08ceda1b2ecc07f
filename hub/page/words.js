// Texts: each part of a page has its own, in both languages.

import { page } from "./page.js";

/** @import { Lang } from "./types.js" */

/**
 * @template {string} Key
 * @typedef {Record<Lang, Record<Key, string>>} Texts
 */

/**
 * Gives a function that says a text in the reader's language; `{0}` stands for the first value.
 *
 * A text that is missing in one of the languages is an error of types.
 * @template {string} Key
 * @param {Texts<Key>} texts
 */
export function words(texts) {
  /** @param {Key} key @param {(string | number)[]} values */
  const say = (key, ...values) => said(texts, page.now.lang, key, values);
  return Object.assign(say, {
    /**
     * The same in a given language.
     * @param {Lang} lang
     * @param {Key} key
     * @param {(string | number)[]} values
     */
    in: (lang, key, ...values) => said(texts, lang, key, values),
    /**
     * What has no text is shown under its own code.
     * @param {string} key
     * @param {string} code
     */
    find: (key, code) => /** @type {Record<string, string>} */ (texts[page.now.lang])[key] ?? code,
  });
}

/**
 * @template {string} Key
 * @param {Texts<Key>} texts
 * @param {Lang} lang
 * @param {Key} key
 * @param {(string | number)[]} values
 */
const said = (texts, lang, key, values) =>
  texts[lang][key].replace(/\{(\d)\}/g, (_, index) => String(values[Number(index)]));

/**
 * Gives the text of an answer that has it in both languages, as in `title_vi` and `title_en`.
 * @template {string} Name
 * @param {Record<`${Name}_${Lang}`, string>} answer
 * @param {Name} name
 */
export const inLang = (answer, name) => answer[`${name}_${page.now.lang}`];
