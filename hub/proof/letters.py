"""Letters: what never came, written to who owes it, with a table that its clerks can fill."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hub.clock import iso_day
from hub.figures.book import Book
from hub.proof.missing import Gap, Owed

CODES_SHOWN_MAX = 20  # in the letter; the table has all that are named


@dataclass(frozen=True)
class Letter:
    """A letter in Vietnamese to one addressee, and its table (CSV)."""

    addressee: str
    text: str
    table: str


def letters(
    book: Book, period: str, now: int, owed: Sequence[Owed], gaps: Sequence[Gap]
) -> list[Letter]:
    """Write a letter to each debtor and unit of which something is missing."""
    addressees = sorted({o.debtor for o in owed} | {g.unit for g in gaps})
    return [
        _letter(
            book,
            period,
            now,
            name,
            [o for o in owed if o.debtor == name],
            [g for g in gaps if g.unit == name],
        )
        for name in addressees
    ]


def _letter(
    book: Book, period: str, now: int, name: str, owed: list[Owed], gaps: list[Gap]
) -> Letter:
    today = iso_day((now // 1_000_000 + 7 * 3600) // 86_400)
    lines = [
        f"Kính gửi: {_title(book, name, today)}",
        "",
        f"Về việc: dữ liệu kỳ {period} chưa đến trục tích hợp dữ liệu của tỉnh",
        "",
    ]
    if owed:
        lines.append(f"Các kỳ báo cáo chưa đủ ({len(owed)}):")
        lines += [_run_line(book, run) for run in _runs(owed)]
        lines.append("")
    if gaps:
        lines.append("Các mã còn thiếu trong dãy số theo ngày:")
        for gap in gaps:
            lines += _gap_lines(gap)
        lines.append("")
    lines += [
        "Đề nghị quý đơn vị rà soát và gửi bổ sung, hoặc cho biết lý do (mã không được cấp, hồ sơ"
        " đã hủy). Dữ liệu gửi bổ sung được tính vào đúng kỳ của nó; gửi lại nhiều lần chỉ tính"
        " một.",
        "",
        f"Lập ngày {_vi_day(today)}.",
    ]
    return Letter(name, "\n".join(lines) + "\n", _table(owed, gaps))


def _runs(owed: list[Owed]) -> list[list[Owed]]:
    """Put steps together that follow on each other and lack the same."""
    runs: list[list[Owed]] = []
    for step in owed:
        last = runs[-1][-1] if runs else None
        is_next = last is not None and date.fromisoformat(step.first) == (
            date.fromisoformat(last.last) + timedelta(1)
        )
        if (
            last is not None
            and is_next
            and replace(last, first="", last="") == replace(step, first="", last="")
        ):
            runs[-1].append(step)
        else:
            runs.append([step])
    return runs


def _run_line(book: Book, run: list[Owed]) -> str:
    contract = book.definitions.contracts[run[0].contract].spec.title.vi
    first, last = _vi_day(run[0].first), _vi_day(run[-1].last)
    each = f" ({len(run)} kỳ, mỗi kỳ)" if len(run) > 1 else ""
    came = f"đã nhận {run[0].received}, phải có {run[0].due}"
    return f"   - {contract}: từ {first} đến {last}{each}: {came}"


def _gap_lines(gap: Gap) -> list[str]:
    lines = []
    if gap.missing_count:
        shown = ", ".join(gap.missing[:CODES_SHOWN_MAX])
        more = gap.missing_count - min(len(gap.missing), CODES_SHOWN_MAX)
        rest = f" và {more} mã nữa" if more > 0 else ""
        lines.append(
            f"   - Ngày {_vi_day(gap.day)}: thiếu {gap.missing_count} trong dãy từ 1 đến"
            f" {gap.last}: {shown}{rest}"
        )
    if gap.unreceived:
        shown = ", ".join(gap.unreceived[:CODES_SHOWN_MAX])
        lines.append(f"   - Ngày {_vi_day(gap.day)}: có diễn biến nhưng thiếu tiếp nhận: {shown}")
    return lines


def _table(owed: list[Owed], gaps: list[Gap]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Loại", "Hợp đồng dữ liệu", "Từ ngày", "Đến ngày", "Mã", "Đã nhận", "Phải có"])
    for o in owed:
        row = ["chưa báo cáo", o.contract, o.first, o.last, "", o.received, o.due]
        writer.writerow(row)
    for gap in gaps:
        for kind, codes in (("thiếu mã", gap.missing), ("thiếu tiếp nhận", gap.unreceived)):
            writer.writerows([kind, gap.contract, gap.day, gap.day, c, 0, 1] for c in codes)
    return "\ufeff" + out.getvalue()


def _title(book: Book, name: str, day: str) -> str:
    """Name an addressee as the lists do, with its code."""
    units = book.reference.units
    unit = units.at(name, day) if units is not None else None
    owing = next((s for s in book.sources.values() if s.label == name), None)
    title = unit.name if unit else owing.title_vi if owing else ""
    return f"{title} ({name})" if title and title != name else name


def _vi_day(day: str) -> str:
    year, month, number = day.split("-")
    return f"{number}/{month}/{year}"
