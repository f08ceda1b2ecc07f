"""Pictures of pages for the documents: screenshots of a palette's colours, a third as large.

What a page has in colours is few flat grounds and the edges of letters: 256 of them are enough.
"""

import base64
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Page

WIDTH_PX, HEIGHT_PX_MAX, MARGIN_PX = 1440, 1080, 24
BYTES_MAX = 150_000
COLOURS = 256
# The pixels of a screenshot, as the browser itself reads it: red, green, blue, opacity.
_PIXELS = """async (png) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  let text = "";
  for (let i = 0; i < data.length; i += 30000)
    text += String.fromCharCode(...data.subarray(i, i + 30000));
  return [image.width, image.height, btoa(text)];
}"""


def keep_picture(page: Page, path: Path, top: str) -> None:
    """Write what a page shows, from a little above what `top` selects, as a PNG of a palette."""
    whole = int(page.evaluate("document.documentElement.scrollHeight"))
    box = page.locator(top).first.evaluate("(e) => e.getBoundingClientRect().top + scrollY")
    y = max(0, int(box) - MARGIN_PX)
    shot = page.screenshot(
        full_page=True,
        clip={"x": 0, "y": y, "width": WIDTH_PX, "height": min(HEIGHT_PX_MAX, whole - y)},
        animations="disabled",
    )
    # On a page of its own: the policy of the hub's pages lets nothing be loaded from elsewhere.
    blank = page.context.new_page()
    width, height, pixels = blank.evaluate(_PIXELS, base64.b64encode(shot).decode())
    blank.close()
    rgba = np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(height, width, 4)
    written = png_of(rgba[:, :, :3])
    if len(written) > BYTES_MAX:
        raise ValueError(f"{path.name}: {len(written)} bytes; at most {BYTES_MAX}, show less of it")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written)


def png_of(rgb: npt.NDArray[np.uint8]) -> bytes:
    """Write an image (height, width, 3) as PNG (ISO/IEC 15948) with at most 256 colours.

    The colours that most pixels have are kept, all others become the nearest of these.
    """
    height, width, _ = rgb.shape
    packed = (rgb.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)).ravel()
    colours, place, count = np.unique(packed, return_inverse=True, return_counts=True)
    kept = colours[np.argsort(-count, kind="stable")[:COLOURS]]
    shifts = np.array([16, 8, 0], np.uint32)

    def channels(some: npt.NDArray[np.uint32]) -> npt.NDArray[np.int32]:
        return ((some[:, None] >> shifts) & 255).astype(np.int32)

    apart = channels(colours)[:, None, :] - channels(kept)[None, :, :]
    nearest = (apart * apart).sum(axis=2).argmin(axis=1).astype(np.uint8)
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = nearest[place].reshape(height, width)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    palette = channels(kept).astype(np.uint8).tobytes()
    data = zlib.compress(rows.tobytes(), 9)
    parts = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, said) for kind, said in parts)


def _chunk(kind: bytes, said: bytes) -> bytes:
    return struct.pack(">I", len(said)) + kind + said + struct.pack(">I", zlib.crc32(kind + said))
