// A link to a file of a release, with how long it is. Anybody may take it: no key is sent.

import { el } from "../el.js";
import { decimal } from "../strings.js";
import { nameOf } from "./state.js";

const KILO = 1_000;
const MEGA = 1_000_000;

/** @param {number} bytes */
const sizeText = (bytes) =>
  bytes < MEGA ? `${decimal(bytes, KILO, 1)} KB` : `${decimal(bytes, MEGA, 1)} MB`;

/** @param {{ url: string, bytes?: number, sha256?: string }} file */
export function fileLink({ url, bytes, sha256 }) {
  const title = sha256 ? `SHA-256 ${sha256}` : undefined;
  const link = el("a", { href: url, download: nameOf(url), title }, nameOf(url));
  const size = bytes === undefined ? null : el("small", {}, ` ${sizeText(bytes)}`);
  return el("span", { class: "file" }, link, size);
}
