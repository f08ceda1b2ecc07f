"""Written: what stands on a report's page, in the words and the order of the form.

Numbers and dates are as Vietnamese documents write them: 599.888, ngày 31 tháng 5 năm 2023.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

Body = Mapping[str, Any]
SHOWN = 11  # columns; what follows are notes
UNNAMED = "(không rõ)"
ROLES = {"received_by": "đơn vị tiếp nhận", "resolved_by": "đơn vị giải quyết"}
DUES = {"sent": "hạn trả như nguồn gửi", "computed": "hạn trả do hệ thống tính lại"}
STATUSES = {"provisional": "TẠM TÍNH", "official": "CHÍNH THỨC", "restated": "ĐIỀU CHỈNH"}


@dataclass(frozen=True)
class Row:
    """A row of the table: its number, its name and its columns; a `head` is above others."""

    number: str
    name: str
    counts: tuple[int, ...]
    is_head: bool = False


def write_number(n: int) -> str:
    """Write a whole number with a point between thousands."""
    return f"{n:,}".replace(",", ".")


def write_day(text: str) -> str:
    """Write an ISO date as the form wants it: 31/5/2023."""
    day = date.fromisoformat(text)
    return f"{day.day}/{day.month}/{day.year}"


def write_long_day(text: str) -> str:
    """Write the day of an ISO instant in words; days and months below 10 (1, 2) have a zero."""
    day = date.fromisoformat(text[:10])
    month = f"{day.month:02}" if day.month < 3 else str(day.month)
    return f"ngày {day.day:02} tháng {month} năm {day.year}"


def write_period(text: str) -> str:
    """Write a period as people name it: Tháng 5 năm 2023."""
    year, _, part = text.partition("-")
    if not part:
        return f"Năm {year}"
    if part[0] == "H":
        return f"6 tháng {'đầu' if part == 'H1' else 'cuối'} năm {year}"
    if part[0] == "Q":
        return f"Quý {('I', 'II', 'III', 'IV')[int(part[1]) - 1]} năm {year}"
    if part[0] == "W":
        return f"Tuần {int(part[1:])} năm {year}"
    month, _, day = part.partition("-")
    return f"Ngày {write_day(text)}" if day else f"Tháng {int(month)} năm {year}"


def head_left(body: Body) -> list[str]:
    """Give the lines at the head on the left: the number of the form, and what it is by."""
    return [f"Biểu số {body['number']}", f"Theo {body['source_vi']}"]


def head_right(body: Body) -> list[str]:
    """Give the lines at the head on the right: who reports."""
    return [f"Đơn vị báo cáo: {body['unit_name'] or 'Toàn tỉnh'}", "Đơn vị nhận báo cáo: …………"]


def under_title(body: Body) -> list[str]:
    """Give the lines below the title: the period, and what the numbers are."""
    status = STATUSES[body.get("status", "provisional")]
    edition = body.get("edition")
    if edition:
        status += f" – bản số {edition['number']}, chốt {write_long_day(edition['frozen_at'])}"
    made_up = ["DỮ LIỆU MÔ PHỎNG (synthetic data)"] if body.get("is_synthetic") else []
    return [
        *made_up,
        f"Kỳ báo cáo: {write_period(body['period'])}",
        f"(Từ ngày {write_day(body['start_on'])} đến ngày {write_day(body['end_on'])})",
        f"{status} – theo {ROLES[body['role']]}, {DUES[body['due']]}",
    ]


def groups(body: Body) -> list[tuple[str, int]]:
    """Give the titles over the columns, each with how many columns it spans."""
    titles = (column["group_vi"] for column in body["columns"][:SHOWN])
    return [(title, len(list(same))) for title, same in groupby(titles)]


def titles(body: Body) -> list[str]:
    """Give the columns' titles."""
    return [column["title_vi"] for column in body["columns"][:SHOWN]]


def rows(body: Body) -> Iterator[Row]:
    """Give the rows: the total first, then each group, where there are groups, with its sum."""
    ids = [column["id"] for column in body["columns"][:SHOWN]]

    def counts(*listed: Body) -> tuple[int, ...]:
        return tuple(sum(row[name] for row in listed) for name in ids)

    yield Row("", "TỔNG SỐ", counts(body["total"]), is_head=True)
    number = 0
    is_grouped = any(row["under"] for row in body["rows"])
    for under, listed in groupby(body["rows"], key=lambda row: row["under"]):
        of_group = list(listed)
        if is_grouped:
            yield Row("", under or UNNAMED, counts(*of_group), is_head=True)
        for row in of_group:
            number += 1
            code = row["code"] or UNNAMED
            name = f"{row['name']} ({code})" if row["name"] else code
            yield Row(str(number), name, counts(row))


def foot(body: Body) -> list[str]:
    """Give the lines below the table: notes, what does not add up, and what proves the numbers."""
    lines = [
        f"{column['meaning_vi']}: {write_number(body['total'][column['id']])}."
        for column in body["columns"][SHOWN:]
    ]
    lines += [
        f"KHÔNG KHỚP: {b['equation']} ({b['code'] or UNNAMED}):"
        f" {write_number(b['whole'])} ≠ {write_number(b['parts'])}."
        for b in body["broken"]
    ]
    at = f"Số liệu tại {body['at']}, vị trí nhật ký {body['cut']}"
    lines.append(f"{at}, phiên bản định nghĩa {body['definition_version']}.")
    if edition := body.get("edition"):
        lines.append(f"Mã băm {edition['digest']}, chốt bởi {edition['frozen_by']}.")
    return lines
