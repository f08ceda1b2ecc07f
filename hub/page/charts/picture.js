// A chart as a picture that stands by itself: SVG, or PNG drawn from it.

import { svg } from "./svg.js";

const KEPT = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linecap",
  "stroke-linejoin",
  "paint-order",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
];
const [MARGIN, HEAD] = [24, 46];

/**
 * Copies a chart with all that styles say of it, below its title, on its ground.
 * @param {SVGSVGElement} chart @param {string} title
 */
export function standingAlone(chart, title) {
  const { width, height } = chart.viewBox.baseVal;
  const copy = /** @type {SVGSVGElement} */ (chart.cloneNode(true));
  const from = chart.querySelectorAll("*");
  for (const [i, node] of copy.querySelectorAll("*").entries()) {
    const style = getComputedStyle(from[i]);
    for (const name of KEPT) {
      const value = style.getPropertyValue(name);
      if (value) node.setAttribute(name, value);
    }
    node.removeAttribute("class");
  }
  const page = getComputedStyle(document.body);
  const panel = getComputedStyle(document.documentElement).getPropertyValue("--panel");
  const [w, h] = [width + 2 * MARGIN, height + HEAD + MARGIN];
  const written = { x: MARGIN, y: 30, "font-size": 18, "font-weight": 600 };
  const inner = svg("g", { transform: `translate(${MARGIN} ${HEAD})` }, ...copy.childNodes);
  return svg(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${w} ${h}`, width: w, height: h },
    svg("rect", { width: w, height: h, fill: panel }),
    svg("text", { ...written, "font-family": page.fontFamily, fill: page.color }, title),
    inner,
  );
}

/** @param {SVGSVGElement} picture */
export const asSvg = (picture) =>
  new Blob([new XMLSerializer().serializeToString(picture)], { type: "image/svg+xml" });

/**
 * Draws a picture at twice its size.
 * @param {SVGSVGElement} picture
 * @returns {Promise<Blob>}
 */
export async function asPng(picture) {
  const [width, height] = ["width", "height"].map((name) => 2 * Number(picture.getAttribute(name)));
  const image = new Image();
  const text = new XMLSerializer().serializeToString(picture);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  canvas.getContext("2d")?.drawImage(image, 0, 0, width, height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture")))),
  );
}
