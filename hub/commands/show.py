"""Prints figures as a table."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

WIDTH_PRINTED = 180
_HUNDREDTH = Decimal("0.01")


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
        return f"{int(value):,}"
    return f"{value.normalize()}"


def print_board(figures: list[dict[str, Any]], period: str, *, is_synthetic: bool) -> None:
    """Print KPI, numerator, denominator, value, published (as printed), target and met."""
    title = f"{period}{' · dữ liệu mô phỏng (synthetic data)' if is_synthetic else ''}"
    table = Table(title=title)
    table.add_column("KPI", no_wrap=True)
    for name in ("numerator", "denominator", "value", "published", "target", "met"):
        table.add_column(name, justify="right")
    for f in figures:
        dims = " ".join(f"{k}={v}" for k, v in f["dims"].items())
        target = f["target"] and f"{f['target']['op']} {_target(f)}"
        met = {True: "yes", False: "no", None: ""}[f["met"]]
        published = (f.get("published") or {}).get("printed", "")
        unit = "" if f["measure_unit"] == "share" else f" {f['measure_unit']}"
        table.add_row(
            f"{f['kpi']} {dims}".strip(),
            f"{f['numerator']:,}",
            f"{f['denominator']:,}",
            write_figure(f) + unit,
            published,
            target or "",
            met,
        )
    Console(width=None if Console().is_terminal else WIDTH_PRINTED).print(table)


def _target(figure: dict[str, Any]) -> str:
    value = figure["target"]["value"]
    return write_share(value) if figure["measure_unit"] == "share" else str(value)
