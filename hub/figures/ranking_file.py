"""Ranking file: the rows of a ranking as people open them, in Vietnamese words."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hub.figures.figure import Figure
from hub.figures.pull import written
from hub.figures.ranking import DIMENSIONS, Line, Ranked, by_names
from hub.sheets.collation import collated


def titles_and_cells(ranked: Ranked, lines: Sequence[Line]) -> tuple[list[str], list[list[Any]]]:
    """Write rows for a file: codes and names, then numbers as numbers, in Vietnamese words."""
    unit = "tỷ lệ" if ranked.kpi.measure_unit == "share" else ranked.kpi.measure_unit
    has_reported = any(line.reported for line in lines)
    titles = []
    for name in ranked.question.by:
        titles += [f"{DIMENSIONS[name].vi} (mã)", DIMENSIONS[name].vi]
    titles += [f"{ranked.kpi.title.vi} ({unit})", "Tử số", "Mẫu số"]
    if ranked.other is not None:
        titles += [f"So với ({ranked.other.period.text})", "Chênh lệch"]
    titles += ["Kéo lệch", "Còn thiếu", "Mức đầy đủ", "Trạng thái"]
    titles += REPORTED if has_reported else []
    cells = []
    for line in lines:
        row: list[Any] = []
        for name in ranked.question.by:
            code = line.figure.dims.get(name) or ""
            row += [code, line.names.get(name) or code]
        row += [_number(line.figure), line.figure.numerator, line.figure.denominator]
        if ranked.other is not None:
            difference = line.difference
            row += [line.beside and _number(line.beside)]
            row += [None if difference is None else written(difference)]
        pull = line.pull
        row += [pull and written(pull.pulls)]
        row += [None if pull is None or pull.lacks is None else written(pull.lacks)]
        row += [Decimal(str(line.figure.completeness)), STATUS[line.figure.status]]
        if has_reported:
            told = line.reported
            row += [told and told.days, told and told.of, told and told.last_on]
            row += [told and told.silent_working_days]
        cells.append(row)
    return titles, cells


def crosstab(ranked: Ranked) -> tuple[list[str], list[list[Any]]]:
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
    titles = [f"{DIMENSIONS[down].vi} (mã)", DIMENSIONS[down].vi, *(heads[h] for h in ordered)]
    return titles, [[code, names[code], *(r.get(h) for h in ordered)] for code, r in rows.items()]


REPORTED = [
    "Số ngày có dữ liệu",
    "Trên số ngày",
    "Ngày cuối có dữ liệu",
    "Số ngày làm việc chưa gửi gì",
]
STATUS = {"provisional": "tạm tính", "official": "chính thức", "restated": "điều chỉnh"}


def _number(figure: Figure) -> Any:
    if figure.value is None:
        return None
    return int(figure.value) if figure.value.lstrip("-").isdigit() else Decimal(figure.value)
