"""The command `hub missing`: what never came, and the letters to who owes it."""

import re
from pathlib import Path
from typing import Annotated

import typer

from hub.clock import to_us
from hub.commands.console import read_period, settings_for_reading
from hub.connecting import reconciling
from hub.opening import catch_up, open_hub
from hub.proof.lacking import absences
from hub.proof.letters import Missing, declared_line, letters
from hub.proof.missing import gaps, owed
from hub.repair import totals

app = typer.Typer()
EXAMPLES = {
    "missing": ("hub missing 2023-05", "hub missing 2023-05 --letters thu/"),
}


@app.command()
def missing(
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="2023, 2023-Q2, 2023-05 …")],
    folder: Annotated[
        Path | None, typer.Option("--letters", help="Write a letter and a table to each here.")
    ] = None,
) -> None:
    """List what never came.

    It is what duties owed and nobody sent, gaps in codes that units number by day, totals that
    senders declared and that what came does not meet, and records that a source has and we do not.
    """
    asked = read_period(period)
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        now = to_us(hub.clock())
        with hub.store.reading() as reading:
            book = hub.book(reading)
            steps, holes = owed(book, asked, now), gaps(book, asked)
            unmet = totals.unmet(hub.log, reading, hub.seals().opener(), asked)
            kept = reconciling.all_kept(hub.log, sorted(hub.installed.definitions.sources))
            lacking = absences(book, kept, asked)
            listed = Missing(steps, holes, unmet, lacking)
            written = letters(book, asked.text, now, listed)
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
    for one in unmet:
        print(f"{one.sender}\t{one.contract}\t{one.subject}\t{declared_line(one)}")
    for absence in lacking:
        items = " ".join(str(i["event_id"]) for i in absence.items)
        print("\t".join(filter(None, (absence.source, absence.contract, absence.name,
                                      absence.message_vi, items))))  # fmt: skip
    if not listed:
        print("không thấy thiếu gì | nothing is seen to be missing")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for letter in written:
            name = re.sub(r"[^\w.-]+", "_", f"{asked.text}-{letter.addressee}")
            (folder / f"{name}.txt").write_text(letter.text, "utf-8")
            (folder / f"{name}.csv").write_text(letter.table, "utf-8")
        print(f"{len(written)} thư trong {folder} | letters")
