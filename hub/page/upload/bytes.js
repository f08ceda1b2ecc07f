// Bytes as Base64 (RFC 4648) and back.

const CHUNK = 0x8000; // arguments of one call

/** @param {Uint8Array} bytes */
export function toBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(text);
}

/** @param {string} base64 */
export const fromBase64 = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

/**
 * Reads what a JWS (RFC 7515) says, without judging its signature.
 * @param {string} signed
 * @returns {Record<string, string | number>}
 */
export function saidBy(signed) {
  const [, body] = signed.split(".");
  const bytes = fromBase64(body.replace(/-/g, "+").replace(/_/g, "/"));
  return JSON.parse(new TextDecoder().decode(bytes));
}
