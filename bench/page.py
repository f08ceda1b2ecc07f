"""Pages: how soon the overview is there, and what an open page costs while nothing happens.

The labelled synthetic year is loaded into an embedded hub, which is served in a process of its own.

- Cold: Chromium opens the overview in a context of its own: first paint (ms), and usable (ms), when
  the first tile is there and the page follows the hub; medians.
- Idle: a page is open for a minute and nothing comes in: what the browser received (KB), and what
  the server used of the processor (s), less what it uses in a minute without any page.
- Asked again: 200 requests a second with the entity tag of the overview; p99 (ms).
- To the screen: so many clients follow the stream, and events come one by one: from the 202 until
  a client has it; p95 over all clients and events (ms).

Usage: `python -m bench.page [SCALE]` (1 by default); `measure` gives the same as a `Section`.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page, async_playwright

from bench.hubs import serving
from bench.processes import family, seconds
from bench.section import Row, Section, Target, middle, quantile
from hub.access import keys
from hub.access.scope import WHOLE
from hub.clock import system_clock
from hub.commands import demonstration
from hub.opening import open_hub
from hub.settings import Settings
from stream_jobs.worked import received

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
COLD_ROUNDS, IDLE_SECONDS = 5, 60.0
ASKS_PER_SECOND, ASKED_SECONDS = 200, 5
CLIENTS, EVENTS = 200, 10
PAINT_MS, USABLE_MS, KB_MOST, SECONDS_MOST = 600.0, 1_200.0, 20.0, 0.2
AGAIN_MS, SCREEN_MS = 20.0, 500.0
QUERY = "period=2023"
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


async def cold(browser: Browser, url: str) -> tuple[float, float]:
    """Open the overview as for the first time; give first paint and usable, in ms."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    begun = time.perf_counter()
    await page.goto(f"{url}/overview?{QUERY}", wait_until="commit")
    await page.wait_for_selector(".otile")
    await page.wait_for_selector("#link.live")
    usable = (time.perf_counter() - begun) * 1_000
    painted = float(await page.evaluate(PAINTED))
    await context.close()
    return painted, usable


async def idle(browser: Browser, url: str, path: str, pids: list[int]) -> tuple[float, float]:
    """Leave a page open; give what it received (KB) and the server used (s) in a minute."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    bytes_of = await _counted(page)
    await page.goto(f"{url}{path}?{QUERY}")
    await page.wait_for_selector("#link.live")
    await asyncio.sleep(10)
    bytes_before, used_before = bytes_of["all"], seconds(pids)
    await asyncio.sleep(IDLE_SECONDS)
    spent = bytes_of["all"] - bytes_before, seconds(pids) - used_before
    await context.close()
    return spent[0] / 1_000, spent[1]


async def _counted(page: Page) -> dict[str, int]:
    """Count the bytes that a page receives, heads included."""
    count = {"all": 0}
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")

    def came(event: dict[str, Any], name: str) -> None:
        count["all"] += max(0, int(event.get(name) or 0))

    session.on("Network.dataReceived", lambda e: came(e, "encodedDataLength"))
    session.on("Network.responseReceived", lambda e: came(e["response"], "encodedDataLength"))
    return count


async def again(url: str) -> list[float]:
    """Ask for the overview with its tag, in an open loop; give how long each took, in ms."""
    path = f"{url}/v1/overview?{QUERY}"
    async with httpx.AsyncClient(timeout=30) as client:
        has = {"If-None-Match": (await client.get(path)).headers["etag"]}
        begun = time.perf_counter()

        async def ask(number: int) -> float:
            due = begun + number / ASKS_PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            answer = await client.get(path, headers=has)
            assert answer.status_code == 304, answer.status_code
            return (time.perf_counter() - due) * 1_000

        return list(await asyncio.gather(*map(ask, range(ASKS_PER_SECOND * ASKED_SECONDS))))


async def to_screen(url: str, key: str) -> list[float]:
    """Let clients follow and events come; give how long each waited for each event, in ms."""
    sent: dict[int, float] = {}
    waited: list[float] = []
    limits = httpx.Limits(max_connections=CLIENTS + 2)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        ready = asyncio.Semaphore(0)

        async def follow() -> None:
            seen = 0
            path = f"{url}/v1/stream?{QUERY}&form=brief"
            async with client.stream("GET", path) as answer:
                async for line in answer.aiter_lines():
                    if not line.startswith("data: ") or "dossier_received_new" not in line:
                        continue
                    ready.release()
                    now, came = time.perf_counter(), len(sent)
                    waited.extend((now - sent[n]) * 1_000 for n in range(seen, came))
                    seen = came
                    if seen == EVENTS:
                        return

        followers = [asyncio.create_task(follow()) for _ in range(CLIENTS)]
        for _ in range(CLIENTS):  # each is told all once, and follows from then on
            await asyncio.wait_for(ready.acquire(), 60)
        for number in range(EVENTS):
            event = received(f"H57.1-230601-{number:04}", "2023-06-01", "online")
            head = {"Authorization": f"Bearer {key}"}
            body = json.dumps(event)
            answer = await client.post(f"{url}/v1/events/dossier", content=body, headers=head)
            assert answer.status_code == 202, answer.text
            sent[number] = time.perf_counter()
            await asyncio.sleep(2.5)
        _, rest = await asyncio.wait(followers, timeout=30)
        for follower in rest:
            follower.cancel()
        await asyncio.gather(*followers, return_exceptions=True)
    return waited


async def _measured(url: str, pids: list[int], key: str) -> tuple[list[Row], dict[str, Any]]:
    raw: dict[str, Any] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        rounds = [await cold(browser, url) for _ in range(COLD_ROUNDS + 1)][1:]
        raw["cold"] = rounds
        used_before = seconds(pids)
        await asyncio.sleep(IDLE_SECONDS)
        without = raw["without"] = seconds(pids) - used_before
        for path in ("/overview", "/"):
            raw[path] = await idle(browser, url, path, pids)
        await browser.close()
    raw["again"] = await again(url)
    raw["to_screen"] = await to_screen(url, key)
    kb, used = raw["/overview"]
    board_kb, board_used = raw["/"]
    note = f"{without:.2f} s without a page"
    rows = [
        Row("first paint", middle([r[0] for r in rounds]), "ms", "", Target(most=PAINT_MS)),
        Row("usable", middle([r[1] for r in rounds]), "ms", "", Target(most=USABLE_MS)),
        Row("an idle overview receives", kb, "KB/min", "", Target(most=KB_MOST)),
        Row(
            "an idle overview costs",
            max(0.0, used - without),
            "s/min",
            note,
            Target(most=SECONDS_MOST),
        ),
        Row("an idle board receives", board_kb, "KB/min", "", Target(most=KB_MOST)),
        Row(
            "an idle board costs",
            max(0.0, board_used - without),
            "s/min",
            "",
            Target(most=SECONDS_MOST),
        ),
        Row(
            "the overview with its tag, p99",
            quantile(raw["again"], 0.99),
            "ms",
            f"{ASKS_PER_SECOND} a second",
            Target(most=AGAIN_MS),
        ),
        Row(
            "from 202 to a follower, p95",
            quantile(raw["to_screen"], 0.95),
            "ms",
            f"{CLIENTS} followers",
            Target(most=SCREEN_MS),
        ),
    ]
    return rows, raw


def measure(scale: float = 1.0) -> Section:
    """Load the demo year, serve it, and open pages."""
    with tempfile.TemporaryDirectory(prefix="lgsp-bench-") as folder:
        settings = Settings(data_dir=Path(folder))
        demo = demonstration.Demo(demonstration.SEED, scale)
        with open_hub(settings) as hub:
            demonstration.claim(hub, demo)
        demonstration.load(settings, demo)
        with open_hub(settings) as hub:
            hub.runner.catch_up()
            key = keys.create(hub.store, system_clock, "bench", WHOLE)
        with serving(settings) as (port, _):
            pids = [pid for pid in family(os.getpid()) if pid != os.getpid()]
            rows, raw = asyncio.run(_measured(f"http://127.0.0.1:{port}", pids, key))
    return Section(
        "Pages",
        "the overview in Chromium: cold, idle, asked again, and followed by many",
        {"scale": scale, "cold rounds": COLD_ROUNDS, "idle seconds": IDLE_SECONDS},
        rows,
        raw,
    )


if __name__ == "__main__":
    print(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0).printed())
