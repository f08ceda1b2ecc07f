"""The commands `hub open-data`: what is marked as open, released as files for anybody."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from hub.clock import to_us
from hub.commands.console import act, complain, read_period, settings_for_reading
from hub.commands.show import write_count
from hub.figures.book import Book
from hub.open_data.dcat import (
    Publishing,
    catalogue_of,
    write_catalogues,
    write_dictionary,
)
from hub.open_data.opened import OpenDataError
from hub.open_data.release import DICTIONARY, Release, make, opened, read_release, write
from hub.opening import OpenHub, catch_up, open_hub
from hub.reference.periods import Period
from hub.settings import Settings

app = typer.Typer(
    name="open-data",
    help="Open data: what KPIs mark as open, as CSV and Parquet with a catalogue (DCAT).",
    no_args_is_help=True,
)
EXAMPLES = {
    "open-data release": (
        "hub open-data release 2023 --dry-run",
        "hub open-data release 2023 2024",
    ),
    "open-data show": ("hub open-data show",),
}
YEAR_DIGITS = 4
LOCK, IS_THERE = "open_data", "open_data_written"


@app.command("release")
def make_release(
    years: Annotated[list[str], typer.Argument(metavar="YEAR…", help="Years, such as 2023.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, and write nothing.")] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Though releases so far are lost: go on by number.")
    ] = False,
) -> None:
    """Release what is marked as open of these years, and of those that were released before.

    Periods that have not ended are left out. Where no row says anything new, nothing is written.
    """
    periods = [_year(text) for text in years]
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        with hub.store.alone(LOCK) as is_mine:
            if not is_mine:
                raise OpenDataError("một lần phát hành khác đang chạy | another one is releasing")
            _release(hub, periods, dry_run=dry_run, anew=anew)


def _release(hub: OpenHub, periods: list[Period], *, dry_run: bool, anew: bool) -> None:
    kpis, folder = opened(hub.kpis), hub.settings.open_data
    before = read_release(folder)
    known = (hub.audit().latest(IS_THERE) or {}).get("number", 0)
    # Its folder is away, or lost: what the next one may tell follows from what that told.
    if known > (0 if before is None else before.number) and not anew:
        raise OpenDataError(
            f"{folder}: không thấy bản {known} đã phát hành; hãy gắn hoặc phục hồi thư mục này |"
            f" release {known} was made and is not there; mount or restore this folder"
        )
    with hub.store.reading() as reading:
        book, now, least = hub.book(reading), to_us(hub.clock()), hub.settings.open_count_min
        asked: Any = (kpis, book, periods, now, least, before)
        release = make(*asked, is_synthetic=hub.is_synthetic, after=known)
        by = publishing(hub.settings, book)
    _show(release)
    if hub.is_synthetic:
        complain("số liệu mô phỏng | synthetic data")
    if before is not None and before.rows == release.rows and before.least == least:
        print(f"không có gì mới so với bản {before.number} | nothing new since then")
        return
    if dry_run:
        return
    groups = {name: kpi.group for name, kpi in kpis.items()}

    def more(stated: Any) -> dict[str, bytes]:
        found = write_catalogues(catalogue_of(stated, groups, by))
        return {**found, DICTIONARY: write_dictionary(stated)}

    act(hub, "open_data_released", number=release.number, cut=release.cut)
    where = write(folder, release, kpis, asdict(by), more)
    act(hub, IS_THERE, number=release.number)
    print(where)


def publishing(settings: Settings, book: Book) -> Publishing:
    """Say who publishes, of which province; its name is of the list of units."""
    units = book.reference.units
    province = next((u for u in units.all() if u.level == "province"), None) if units else None
    return Publishing(
        settings.public_url or settings.url,
        settings.open_publisher,
        settings.open_licence,
        settings.open_contact,
        province.name if province is not None else settings.open_publisher,
        province.code if province is not None else "",
    )


def _year(text: str) -> Period:
    if len(text) != YEAR_DIGITS:
        raise typer.BadParameter(f"{text}: cần một năm như 2023 | a year such as 2023")
    return read_period(text)


def _show(release: Release) -> None:
    print(f"bản | release {release.number}: {', '.join(release.years)}")
    for name, rows in release.rows.items():
        withheld, revised = sum(r.is_withheld for r in rows), sum(r.revision > 0 for r in rows)
        print(
            f"{name:36} {write_count(len(rows)):>9} dòng · rows"
            f"  {write_count(withheld):>7} giữ kín · withheld"
            f"  {write_count(revised):>6} đã sửa · revised"
        )


@app.command()
def show() -> None:
    """Show what the latest release holds, and where it is."""
    with open_hub(settings_for_reading()) as hub:
        release = _latest(hub)
    _show(release)
    for revision in release.revisions:
        what = f"{revision.dataset} {revision.period} {revision.dims}"
        after = revision.after or "không còn | gone"
        print(f"  {revision.made_on}  {what}: {revision.before} → {after}")


def _latest(hub: OpenHub) -> Release:
    release = read_release(hub.settings.open_data)
    if release is None:
        complain(f"{hub.settings.open_data}: chưa có bản nào | nothing was released yet")
        raise typer.Exit(1)
    return release
