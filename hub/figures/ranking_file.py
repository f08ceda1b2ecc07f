"""Ranking file: the rows of a ranking as people open them, and as tools of analysts do."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hub.figures.figure import Figure
from hub.figures.pull import written
from hub.figures.ranking import DIMENSIONS, Line, Ranked, by_names
from hub.sheets.collation import collated
from hub.sheets.columnar import Heading, Kind


def headings_and_cells(
    ranked: Ranked, lines: Sequence[Line]
) -> tuple[list[Heading], list[list[Any]]]:
    """Write rows for a file: codes and names, then numbers as numbers."""
    unit = "tỷ lệ" if ranked.kpi.measure_unit == "share" else ranked.kpi.measure_unit
    has_reported = any(line.reported for line in lines)
    headings = [h for name in ranked.question.by for h in _named(name)]
    headings += [
        Heading(f"{ranked.kpi.title.vi} ({unit})", "value", "decimal"),
        Heading("Tử số", "numerator", "integer"),
        Heading("Mẫu số", "denominator", "integer"),
    ]
    if ranked.other is not None:
        headings.append(Heading(f"So với ({ranked.other.period.text})", "beside", "decimal"))
        headings.append(Heading("Chênh lệch", "difference", "decimal"))
    headings += [
        Heading("Kéo lệch", "pull", "decimal"),
        Heading("Còn thiếu", "lacks", "decimal"),
        Heading("Mức đầy đủ", "completeness", "decimal"),
        Heading("Trạng thái", "status"),
    ]
    if has_reported:
        headings.append(Heading("Số ngày có dữ liệu", "reported_days", "integer"))
        headings.append(Heading("Trên số ngày", "reported_of", "integer"))
        headings.append(Heading("Ngày cuối có dữ liệu", "reported_last_on", "day"))
        headings.append(Heading("Số ngày làm việc chưa gửi gì", "silent_working_days", "integer"))
    return headings, [_cells(ranked, line, has_reported=has_reported) for line in lines]


def _named(name: str) -> tuple[Heading, Heading]:
    """Give the columns of a dimension: its code and what that is called."""
    kind: Kind = "day" if name == "day" else "text"
    title = DIMENSIONS[name].vi
    return Heading(f"{title} (mã)", name, kind), Heading(title, f"{name}_name")


def _cells(ranked: Ranked, line: Line, *, has_reported: bool) -> list[Any]:
    row: list[Any] = []
    for name in ranked.question.by:
        code = line.figure.dims.get(name) or None
        row += [code, line.names.get(name) or code]
    row += [_number(line.figure), line.figure.numerator, line.figure.denominator]
    if ranked.other is not None:
        difference = line.difference
        row += [line.beside and _number(line.beside)]
        row += [None if difference is None else written(difference)]
    pull = line.pull
    row += [pull and written(pull.pulls)]
    row += [None if pull is None or pull.lacks is None else written(pull.lacks)]
    row += [Decimal(str(line.figure.completeness)), line.figure.status]
    if has_reported:
        told = line.reported
        row += [told and told.days, told and told.of, told and told.last_on]
        row += [told and told.silent_working_days]
    return row


def crosstab(ranked: Ranked) -> tuple[list[Heading], list[list[Any]]]:
    """Write values for a file with a column for each value of the second dimension."""
    down, across = ranked.question.by
    rows: dict[str, dict[str, Any]] = {}
    names: dict[str, str] = {}
    heads: dict[str, str] = {}
    for line in sorted(ranked.lines, key=lambda line: by_names(line, ranked.question.by)):
        code, head = (line.figure.dims.get(n) or "" for n in (down, across))
        names[code] = line.names.get(down) or code
        heads.setdefault(head, line.names.get(across) or head)
        rows.setdefault(code, {})[head] = _number(line.figure)
    ordered = sorted(heads, key=lambda head: collated(heads[head]))
    columns = [Heading(heads[h], f"{across}={h}", "decimal") for h in ordered]
    headings = [*_named(down), *columns]
    return headings, [
        [code or None, names[code] or None, *(r.get(h) for h in ordered)]
        for code, r in rows.items()
    ]


# What people read in the place of codes.
WORDS = {"status": {"provisional": "tạm tính", "official": "chính thức", "restated": "điều chỉnh"}}


def _number(figure: Figure) -> Any:
    if figure.value is None:
        return None
    return int(figure.value) if figure.value.lstrip("-").isdigit() else Decimal(figure.value)
