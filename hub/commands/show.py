"""Prints figures as a table, and what a trial says."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from hub.proof.trial import Trial
from hub.reports import written
from hub.sheets.numbers import is_doubtful

WIDTH_PRINTED = 180
CELLS_SHOWN_MAX = 50
_HUNDREDTH = Decimal("0.01")


def write_count(number: int) -> str:
    """Write a whole number so that it is read one way only: a blank groups, neither mark does."""
    return f"{number:,}".replace(",", " ")


def write_share(value: str) -> str:
    """Write a share in percent, half-up: `35.32 %`."""
    return f"{(Decimal(value) * 100).quantize(_HUNDREDTH, ROUND_HALF_UP)} %"


def write_figure(figure: dict[str, Any]) -> str:
    """Write a figure's value in the way its unit is read."""
    if figure["value"] is None:
        return "–"
    if figure["measure_unit"] == "share":
        return write_share(figure["value"])
    value = Decimal(figure["value"])
    if value == value.to_integral_value():
        return write_count(int(value))
    written = f"{value.normalize():f}"
    # Three digits after a mark could be thousands to who reads it, our own readers among them.
    return f"{written}0" if is_doubtful(written) else written


def print_board(figures: list[dict[str, Any]], period: str, *, is_synthetic: bool) -> None:
    """Print KPI, numerator, denominator, value, published (as printed), target and met."""
    title = f"{period}{' · dữ liệu mô phỏng (synthetic data)' if is_synthetic else ''}"
    table = Table(title=title)
    table.add_column("KPI", no_wrap=True)
    for name in ("numerator", "denominator", "value", "published", "target", "met"):
        table.add_column(name, justify="right", no_wrap=name in ("numerator", "denominator"))
    for f in figures:
        dims = " ".join(f"{k}={v}" for k, v in f["dims"].items())
        target = f["target"] and f"{f['target']['op']} {_target(f)}"
        met = {True: "yes", False: "no", None: ""}[f["met"]]
        published = (f.get("published") or {}).get("printed", "")
        unit = "" if f["measure_unit"] == "share" else f" {f['measure_unit']}"
        lacks = "; ".join(f"{m['message_vi']} | {m['message_en']}" for m in f.get("lacks", ()))
        if f.get("missing"):
            incomplete = f"đủ {f['completeness']:.0%}, thiếu {len(f['missing'])} phần"
            lacks = lacks or f"{write_figure(f)}{unit} ({incomplete} | parts missing)"
        table.add_row(
            f"{f['kpi']} {dims}".strip(),
            write_count(f["numerator"]),
            write_count(f["denominator"]),
            lacks or write_figure(f) + unit,
            published,
            target or "",
            met,
        )
    Console(width=None if Console().is_terminal else WIDTH_PRINTED).print(table)


def _target(figure: dict[str, Any]) -> str:
    value = figure["target"]["value"]
    return write_share(value) if figure["measure_unit"] == "share" else str(value)


def print_trial(trial: Trial) -> None:
    """Print what would change: figures, cells, and what becomes of the events."""
    for one in trial.figures:
        print(f"{one['period']:10} {one['kpi']:40} {_said(one['before'])} → {_said(one['after'])}")
    for cell in trial.cells[:CELLS_SHOWN_MAX]:
        name = f"{cell['cell_set']}/{cell['period']}/{cell['dims']}"
        count, value = cell["count"], cell["value"]
        print(f"{name}: {count['before']} → {count['after']}", end="")
        changed = value["before"] != value["after"]
        print(f", {value['before']} → {value['after']}" if changed else "")
    if len(trial.cells) > CELLS_SHOWN_MAX:
        print(f"… and {len(trial.cells) - CELLS_SHOWN_MAX} more cells")
    counted = ", ".join(f"{name} {n:+}" for name, n in trial.classes.items())
    print(f"{len(trial.figures)} figures, {len(trial.cells)} cells; {counted}; nothing committed")


def _said(figure: dict[str, Any] | None) -> str:
    if figure is None:
        return "—"
    other = figure.get("restatement")
    beside = f" ({figure['status']}: {other['value']})" if other else ""
    return f"{figure['value']}{beside}"


def print_report(body: dict[str, Any]) -> None:
    """Print a report as a table, as its form has it."""
    table = Table(title=f"{body['number']} · {body['period']} · {body['status']}")
    table.add_column(written.head_right(body)[0])
    ids = [column["id"] for column in body["columns"][: written.SHOWN]]
    for name in ids:
        table.add_column(name, justify="right", no_wrap=True)
    for row in written.rows(body):
        name = row.name.upper() if row.is_head else row.name
        table.add_row(name, *map(written.write_number, row.counts))
    console = Console(width=WIDTH_PRINTED)
    console.print(table)
    for line in written.foot(body):
        console.print(line, markup=False, highlight=False)


def print_index(body: dict[str, Any]) -> None:
    """Print scores: a row a reading of the whole, then a row a unit with its first readings."""
    table = Table(title=f"{body['number']} · {body['period']} · {body['source_vi']}")
    for name in ("component", "reading", "numerator", "denominator", "score", "of"):
        table.add_column(name, justify="left" if name in ("component", "reading") else "right")
    for component in body["components"]:
        told = body["total"]["scores"][component["id"]]
        for reading in component["readings"]:
            said = told[reading["id"]]
            counts = (write_count(said[n]) for n in ("numerator", "denominator"))
            score = said["score"] or "–"
            title = component["title_vi"]
            table.add_row(title, reading["title_vi"], *counts, score, reading["points"])
        if component["lacking_vi"]:
            table.add_row(component["title_vi"], component["lacking_vi"], "", "", "thiếu", "")
    console = Console(width=WIDTH_PRINTED)
    console.print(table)
    for row in body["rows"]:
        console.print(f"{row['code'] or '?'}  {row['name']}  {row['sum']} / {row['of']}")
    for difference in body["differences"]:
        if difference["difference"] is not None:
            named = f"{difference['component']}: Cổng quốc gia − ở đây | portal − here"
            console.print(f"{named} = {difference['difference']}")
        for rule in difference["rules"]:
            count = "–" if rule["count"] is None else write_count(rule["count"])
            console.print(f"  {count:>9}  {rule['title_vi']} | {rule['title_en']}")
