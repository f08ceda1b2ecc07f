// How wide a drawing is: it is drawn anew where that changes, so that its texts keep their size.

const FONT_PX = 16;
const WIDTH_MIN = 120; // less has a box that is not laid out yet

/**
 * Calls `draw` with a box's width in units of 1/16 of the page's font size, now and whenever that
 * changes.
 * @param {HTMLElement} box
 * @param {(width: number) => void} draw
 */
export function followWidth(box, draw) {
  let known = 0;
  new ResizeObserver(([{ contentRect }]) => {
    const font = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const width = Math.round((contentRect.width * FONT_PX) / font);
    if (width < WIDTH_MIN || width === known) return;
    known = width;
    draw(width);
  }).observe(box);
}
