"""The command `hub missing`: what never came, and the letters to who owes it."""

import re
from pathlib import Path
from typing import Annotated

import typer

from hub.clock import to_us
from hub.commands.console import read_period, settings_for_reading
from hub.opening import catch_up, open_hub
from hub.proof.letters import letters
from hub.proof.missing import gaps, owed

app = typer.Typer()


@app.command()
def missing(
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="2023, 2023-Q2, 2023-05 …")],
    folder: Annotated[
        Path | None, typer.Option("--letters", help="Write a letter and a table to each here.")
    ] = None,
) -> None:
    """List what duties owed and nobody sent, and gaps in codes that units number by day."""
    asked = read_period(period)
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        now = to_us(hub.clock())
        with hub.store.reading() as reading:
            book = hub.book(reading)
            steps, holes = owed(book, asked, now), gaps(book, asked)
            written = letters(book, asked.text, now, steps, holes)
    for step in steps:
        span = f"{step.first}..{step.last}"
        print(f"{step.debtor}\t{step.contract}\t{span}\tđã nhận {step.received}/{step.due}")
    for hole in holes:
        for code in hole.missing:
            print(f"{hole.unit}\t{hole.contract}\t{hole.day}\tthiếu {code}")
        if hole.missing_count > len(hole.missing):
            more = hole.missing_count - len(hole.missing)
            print(f"{hole.unit}\t{hole.contract}\t{hole.day}\tvà {more} mã nữa")
        for code in hole.unreceived:
            print(f"{hole.unit}\t{hole.contract}\t{hole.day}\tthiếu tiếp nhận {code}")
    if not steps and not holes:
        print("không thấy thiếu gì | nothing is seen to be missing")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for letter in written:
            name = re.sub(r"[^\w.-]+", "_", f"{asked.text}-{letter.addressee}")
            (folder / f"{name}.txt").write_text(letter.text, "utf-8")
            (folder / f"{name}.csv").write_text(letter.table, "utf-8")
        print(f"{len(written)} thư trong {folder} | letters")
