"""What a sheet shows and its cells do not say: merged cells, hidden rows, a text that was cut off.

A merged cell is shown over all its rows: words, codes, days and periods hold for each of them. A
number would be counted once per row, so there the cells below are refused. Rows that a filter hides
and columns that are hidden are read, and named.
"""

from collections.abc import Sequence
from itertools import islice

from hub.sheets.cells import Cell, Cut, Merged
from hub.sheets.grids import Grid, Raw
from hub.sheets.table import FileError, Table
from hub.sheets.understood import PassedOver
from hub.sheets.xlsx import Merge

_SPREAD = ("text", "code", "boolean", "instant", "period")
ROWS_NAMED = 10
OTHERS_MIN = 3  # rows that show how long the cells of a column are


def lay_out(table: Table, grid: Grid, rows: Sequence[Raw], passed: list[PassedOver]) -> list[Raw]:
    """Put into a sheet's rows what its layout adds to them; name in `passed` what it hides.

    Raises `FileError` where one header stands over several columns that hold something.
    """
    _check_header(table, grid, rows)
    laid = _spread(table, grid, list(rows)) if grid.layout.merges else list(rows)
    _name_hidden(grid, laid, passed)
    _name_hidden_columns(grid, passed)
    return laid if grid.is_ended else _cut(table, grid, laid, passed)


def _check_header(table: Table, grid: Grid, rows: Sequence[Raw]) -> None:
    known = {h.at + 1: h.written for h in grid.headings.known.values()}
    for merge in grid.layout.merges:
        if merge.top > grid.number or merge.bottom < grid.number or merge.left not in known:
            continue
        beside = range(merge.left, merge.right)  # indexes of the columns behind the first one
        if any(str(cells[at]).strip() for _, cells, _ in rows for at in beside if at < len(cells)):
            header = known[merge.left]
            vi = f"tiêu đề “{header}” gộp {merge.right - merge.left + 1} cột có số liệu, không rõ"
            vi += " lấy cột nào; hãy ghi cho mỗi cột một tiêu đề, ở một dòng"
            en = f"the header “{header}” is merged over {merge.right - merge.left + 1} columns that"
            en += " hold something; give each column a header of its own, in one row"
            raise FileError("merged_header", vi, en, value=header)


def _spread(table: Table, grid: Grid, rows: list[Raw]) -> list[Raw]:
    """Give the cells below a merged one what it says, or the reason to refuse them."""
    kinds = {h.at: c.kind for c in table.columns if (h := grid.headings.known.get(c.field))}
    places = {number: i for i, (number, _, _) in enumerate(rows)}
    for merge in grid.layout.merges:
        for at in range(merge.left - 1, merge.right):
            if at in kinds and (merge.bottom > merge.top or at >= merge.left):
                _spread_one(merge, at, kinds[at] in _SPREAD, rows, places)
    return rows


def _spread_one(
    merge: Merge, at: int, is_spread: bool, rows: list[Raw], places: dict[int, int]
) -> None:
    if merge.top not in places:
        return  # of what stands around the rows
    first = rows[places[merge.top]][1]
    said: Cell = first[merge.left - 1] if merge.left <= len(first) else ""
    if not str(said).strip():
        return
    for number in range(merge.top, min(merge.bottom, max(places)) + 1):
        if number not in places or (number == merge.top and at == merge.left - 1):
            continue
        _, cells, original = rows[places[number]]
        line = [*cells, *[""] * (at + 1 - len(cells))]
        is_below = is_spread and at == merge.left - 1
        line[at] = said if is_below else Merged(f"(gộp với dòng {merge.top})")
        rows[places[number]] = (number, line, original)


def _name_hidden(grid: Grid, rows: Sequence[Raw], passed: list[PassedOver]) -> None:
    name = grid.name
    if grid.layout.is_hidden:
        vi, en = f"trang ẩn “{name}” cũng được đọc", f"the hidden sheet “{name}” is read too"
        vi, en = f"{vi}; hãy xóa trang nếu không gửi", f"{en}; remove it if it is not to be sent"
        passed.append(PassedOver("hidden", name, 0, name, vi, en))
    there = {number for number, _, _ in rows} if grid.layout.hidden else set()
    hidden = [n for n in grid.layout.hidden if n in there]
    if hidden:
        listed = ", ".join(map(str, islice(hidden, ROWS_NAMED)))
        more = "…" if len(hidden) > ROWS_NAMED else ""
        vi = f"trang “{name}”: {len(hidden)} dòng ẩn (bị lọc) cũng được đọc: {listed}{more}"
        vi += "; hãy xóa các dòng ấy nếu không gửi"
        en = f"sheet “{name}”: {len(hidden)} hidden (filtered) rows are read too: {listed}{more}"
        en += "; remove them if they are not to be sent"
        passed.append(PassedOver("hidden", name, hidden[0], str(len(hidden)), vi, en))


def _name_hidden_columns(grid: Grid, passed: list[PassedOver]) -> None:
    hidden = [
        h.written
        for h in sorted(grid.headings.known.values(), key=lambda h: h.at)
        if any(h.at + 1 in columns for columns in grid.layout.hidden_columns)
    ]
    if hidden:
        listed = ", ".join(f"“{written}”" for written in hidden)
        vi = f"trang “{grid.name}”: cột ẩn {listed} cũng được đọc; hãy kiểm tra"
        en = f"sheet “{grid.name}”: hidden columns {listed} are read too; check them"
        passed.append(PassedOver("hidden", grid.name, 0, listed, vi, en))


def _cut(table: Table, grid: Grid, rows: list[Raw], passed: list[PassedOver]) -> list[Raw]:
    """Refuse what a text's last line lacks, where it has no end; name a last cell that is short.

    Many programs end no last line: so that alone says nothing.
    """
    if len(rows) < 2 or rows[-1][0] != grid.rows[-1][0]:
        return rows
    number, cells, original = rows[-1]
    others = [c for _, c, _ in rows[:-1]]
    usual = min(max(map(len, others)), grid.headings.width)
    known = grid.headings.known
    needed = max((h.at + 1 for c in table.filled if (h := known.get(c.field))), default=0)
    if needed <= len(cells) < usual:  # what lacks more is refused as it is
        lacking = [Cut("(bị cắt)")] * (usual - len(cells))
        return [*rows[:-1], (number, [*cells, *lacking], original)]
    last, at = str(cells[-1]), len(cells) - 1
    if (
        last
        and len(others) >= OTHERS_MIN
        and all(len(last) < len(str(c[at])) for c in others if at < len(c))
    ):
        vi = f"dòng {number} là dòng cuối mà không có dấu hết dòng, ô cuối ngắn hơn mọi ô khác của"
        vi += " cột: tệp có thể bị cắt; hãy đối chiếu với tệp gốc"
        en = f"row {number} is the last and has no end of line, and its last cell is shorter than"
        en += " all others of the column: the file may have been cut; compare it with the original"
        # What stands there is not shown: the last column may be of words.
        passed.append(PassedOver("unended", "", number, "", vi, en))
    return rows
