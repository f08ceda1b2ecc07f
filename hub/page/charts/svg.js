// What all charts have. Sizes and places are geometry and may be floats; every number that is read
// comes in as text.

const NS = "http://www.w3.org/2000/svg";

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} name
 * @param {Record<string, string | number>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  node.append(...children);
  return node;
}

/**
 * A round top for an axis: 1, 2 or 5 times a power of ten, in at most six steps.
 * @param {number} greatest
 */
export function steps(greatest) {
  const rough = Math.max(greatest, 1e-9) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5].map((k) => k * power).find((s) => s >= rough) ?? 10 * power;
  return { step, top: Math.ceil(greatest / step - 1e-9) * step };
}
