"""The commands `hub water`: stations, lines of salt on branches, intake windows."""

from typing import Annotated, Any

import typer

from hub.clock import to_us
from hub.commands.console import settings_for_reading
from hub.figures.book import Book
from hub.figures.compute import read_instant
from hub.opening import catch_up, open_hub
from hub.water.answers import branches_answer, station_answer, stations_answer
from hub.water.stations import stations_at
from hub.water.windows import USES_NAMED

app = typer.Typer(
    name="water", help="Salinity for the sluice: độ mặn cho người vận hành cống.",
    no_args_is_help=True,
)  # fmt: skip
EXAMPLES = {
    "water stations": ("hub water stations", "hub water stations --at 2023-03-20T06:00:00+07:00"),
    "water branches": ("hub water branches --at 2023-03-20T06:00:00+07:00",),
    "water windows": ("hub water windows ST01 --at 2023-12-20T06:00:00+07:00",),
}
At = Annotated[str, typer.Option("--at", help="The instant of the question, ISO 8601; else now.")]
LINE_NAMED = ("ranh mặn", "line of salt")
NOT_CHECKED = "chưa nạp ngưỡng kiểm tra: không số đo nào bị gắn cờ | no thresholds: nothing flagged"


@app.callback()
def water() -> None:
    """Salinity for the sluice: độ mặn cho người vận hành cống."""


@app.command("stations")
def show_stations(at: At = "") -> None:
    """List stations: last value, change since the same tide, today's greatest and least."""
    for s in _asked(stations_answer, at)["stations"]:
        latest, today = s["latest"] or {}, s["today"] or {}
        over = " ".join(f"≥{limit}:{n}h" for limit, n in today.get("hours_over", {}).items())
        cells = (
            *(s["station"], s["branch"], s["chainage_km"], latest.get("at"), latest.get("value")),
            *(latest.get("trend"), today.get("max"), today.get("min"), over or None),
        )
        print("\t".join("-" if c is None else str(c) for c in cells))


@app.command("branches")
def show_branches(at: At = "") -> None:
    """Say between which distances from the mouth the lines of 1 and 4 g/L stand."""
    for branch in _asked(branches_answer, at)["branches"]:
        for line in branch["lines"]:
            until = line["until_km"]
            end = "không rõ | unknown" if until is None else f"{until:g} km"
            grams = f"{line['grams_per_litre']:g} g/L"
            print(f"{branch['branch']}\t{grams}\t{line['from_km']:g} km .. {end}")


@app.command("windows")
def show_windows(
    station: Annotated[str, typer.Argument(help="A station's code; else all.")] = "",
    at: At = "",
) -> None:
    """List the next spans in which water stays below each use's limit, or why none is told."""

    def ask(book: Book, instant: int) -> dict[str, Any]:
        codes = [s.code for s in stations_at(book, instant) if station in ("", s.code)]
        answers = [station_answer(book, code, instant) for code in codes]
        return {"is_checked": all(a["is_checked"] for a in answers if a), "stations": answers}

    listed = _asked(ask, at)["stations"]
    if not listed:
        raise typer.BadParameter(f"không có trạm {station} | no such station")
    for s in listed:
        if s["withheld"]:
            print(f"{s['station']}\t{s['withheld']['message_vi']} | {s['withheld']['message_en']}")
            continue
        trial = s["trial"]
        errors = f"sai số | error {trial['mean_error']} g/L, naive {trial['naive_mean_error']} g/L"
        print(f"{s['station']}\t{errors}")
        for window in s["windows"]:
            use = " | ".join(USES_NAMED.get(window["use"], LINE_NAMED))
            span = f"{window['from']} .. {window['until']}"
            at_most = f"<= {window['at_most']} g/L"
            print(f"{s['station']}\t{use}\t< {window['limit']:g} g/L\t{span}\t{at_most}")


def _asked(answer: Any, at: str) -> dict[str, Any]:
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        asked = read_instant("at", {"at": at} if at else {})
        with hub.store.reading() as reading:
            book = hub.book(reading)
            body: dict[str, Any] = answer(book, to_us(hub.clock()) if asked is None else asked)
    if not body["is_checked"]:
        print(NOT_CHECKED)
    return body
