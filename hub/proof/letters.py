"""Letters: what never came, written to who owes it, with a table that its clerks can fill."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hub.clock import iso_day
from hub.figures.book import Book
from hub.proof.declared import Unmet
from hub.proof.lacking import Absence
from hub.proof.missing import Gap, Owed

CODES_SHOWN_MAX = 20  # in the letter; the table has all that are named


@dataclass(frozen=True)
class Letter:
    """A letter in Vietnamese to one addressee, and its table (CSV)."""

    addressee: str
    text: str
    table: str


@dataclass(frozen=True)
class Missing:
    """All that is missing: steps owed, gaps in codes, totals not met, records of a source."""

    owed: Sequence[Owed] = ()
    gaps: Sequence[Gap] = ()
    unmet: Sequence[Unmet] = ()
    lacking: Sequence[Absence] = ()

    def __bool__(self) -> bool:
        return any((self.owed, self.gaps, self.unmet, self.lacking))

    @property
    def addressees(self) -> list[str]:
        """Who owes something of it."""
        named = [o.debtor for o in self.owed] + [g.unit for g in self.gaps]
        named += [u.sender for u in self.unmet] + [a.source for a in self.lacking]
        return sorted(set(named))

    def of(self, name: str) -> "Missing":
        """Choose what one of them owes."""
        return Missing(
            [o for o in self.owed if o.debtor == name],
            [g for g in self.gaps if g.unit == name],
            [u for u in self.unmet if u.sender == name],
            [a for a in self.lacking if a.source == name],
        )


def letters(book: Book, period: str, now: int, missing: Missing) -> list[Letter]:
    """Write a letter to each debtor, unit, sender and source of which something is missing."""
    return [_letter(book, period, now, n, missing.of(n)) for n in missing.addressees]


def _letter(book: Book, period: str, now: int, name: str, missing: Missing) -> Letter:
    owed, gaps = list(missing.owed), list(missing.gaps)
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
    if missing.unmet:
        lines.append("Tổng số đã khai khác với dữ liệu nhận được:")
        lines += [f"   - {_subject(u)}: {declared_line(u)}" for u in missing.unmet]
        lines.append("")
    if missing.lacking:
        lines.append(f"Bản ghi có ở nguồn, chưa có như vậy ở trục ({len(missing.lacking)}):")
        shown = missing.lacking[:CODES_SHOWN_MAX]
        lines += [f"   - {a.name}: {_reason(a)}" for a in shown]
        if (more := len(missing.lacking) - len(shown)) > 0:
            lines.append(f"   - và {more} bản ghi nữa, xem bảng kèm theo")
        lines.append("")
    lines += [
        "Đề nghị quý đơn vị rà soát và gửi bổ sung, hoặc cho biết lý do (mã không được cấp, hồ sơ"
        " đã hủy). Dữ liệu gửi bổ sung được tính vào đúng kỳ của nó; gửi lại nhiều lần chỉ tính"
        " một.",
        "",
        f"Lập ngày {_vi_day(today)}.",
    ]
    return Letter(name, "\n".join(lines) + "\n", _table(missing))


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
    each = f"{len(run)} kỳ, mỗi kỳ " if len(run) > 1 else ""
    came = f"đã nhận {run[0].received}, phải có {run[0].due}"
    return f"   - {contract}: từ {first} đến {last}: {each}{came}"


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


_STATES_VI = {
    "applied": "được tính",
    "held": "chờ tư cách",
    "conflict": "trùng mã khác nội dung",
    "retracted": "đã rút",
    "waiting": "chờ xử lý",
    "rejected": "bị từ chối",
    "discarded": "đã loại bỏ",
}


def declared_line(unmet: Unmet) -> str:
    """Say in a line how a declaration differs from what came."""
    came = ", ".join(f"{n} {_STATES_VI[s]}" for s, n in sorted(unmet.states.items()))
    parts = []
    if unmet.declared is not None:
        more = f", thiếu {unmet.missing}" if unmet.missing > 0 else ""
        more = f", thừa {-unmet.missing}" if unmet.missing < 0 else more
        parts.append(f"khai {unmet.declared}, nhận {unmet.came}{more}")
    if came:
        parts.append(came)
    parts += [f"{s.field}: khai {s.declared}, có {s.here}" for s in unmet.sums]
    if unmet.codes:
        shown = ", ".join(unmet.codes[:CODES_SHOWN_MAX])
        rest = unmet.codes_count - min(len(unmet.codes), CODES_SHOWN_MAX)
        parts.append(f"chưa có mã {shown}" + (f" và {rest} mã nữa" if rest else ""))
    return "; ".join(parts)


def _subject(one: Unmet) -> str:
    is_day = len(one.subject) == 10 and one.subject[4] == "-"
    is_period = one.subject[:4].isdigit() and one.subject[4:5] in ("", "-")
    what = "gửi ngày" if is_day else "gửi trong kỳ" if is_period else "biên nhận"
    return f"{one.contract}, {what} {_vi_day(one.subject) if is_day else one.subject}"


def _reason(one: Absence) -> str:
    said = "; ".join(f"{i['field']}: {i['message_vi']} ({i['event_id']})" for i in one.items)
    return f"{one.message_vi}" + (f": {said}" if said else "")


def _table(missing: Missing) -> str:
    owed, gaps = missing.owed, missing.gaps
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["Loại", "Hợp đồng dữ liệu", "Từ ngày", "Đến ngày", "Mã", "Đã nhận", "Phải có"])
    for o in owed:
        row = ["chưa báo cáo", o.contract, o.first, o.last, "", o.received, o.due]
        writer.writerow(row)
    for gap in gaps:
        for kind, codes in (("thiếu mã", gap.missing), ("thiếu tiếp nhận", gap.unreceived)):
            writer.writerows([kind, gap.contract, gap.day, gap.day, c, 0, 1] for c in codes)
    for u in missing.unmet:
        row = ["khác tổng đã khai", u.contract, u.subject, u.subject, "", u.came, u.declared]
        writer.writerow(row)
        for s in u.sums:
            name = f"tổng {s.field}"
            writer.writerow([name, u.contract, u.subject, u.subject, "", s.here, s.declared])
        writer.writerows(
            ["thiếu mã đã khai", u.contract, u.subject, u.subject, c, 0, 1] for c in u.codes
        )
    for a in missing.lacking:
        day = a.changed_at[:8]
        writer.writerow([f"có ở nguồn: {a.message_vi}", a.contract, day, day, a.name, 0, 1])
    return "\ufeff" + file.getvalue()


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
