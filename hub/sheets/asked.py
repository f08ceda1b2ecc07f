"""What a contract asks of a file, column by column, in the words of who fills it in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from hub.clock import VIETNAM
from hub.definitions.coded import coded
from hub.definitions.contract import Contract, Doc, WireField
from hub.sheets.files import fields_of, shown_code, table_of, written
from hub.sheets.table import Column
from hub.sheets.tabular import UNCORRECTED
from hub.sheets.vietnamese import Kind, WrittenError

_HOW = {
    "instant": Doc("Ngày và giờ", "A day and its time", example="17/05/2023 08:00"),
    "period": Doc("Năm, tháng hoặc ngày", "A year, a month or a day", example="05/2023"),
    "money": Doc("Số nguyên, tính bằng đồng", "A whole number of đồng", example="1543880"),
    "integer": Doc("Số nguyên", "A whole number", example="12"),
    "decimal": Doc("Số, dấu phẩy trước phần lẻ", "A number", example="4,5"),
    "boolean": Doc("có hoặc không", "có (yes) or không (no)", example="có"),
    "text": Doc("Chữ hoặc mã, ghi như trong hồ sơ", "Words or a code", example=""),
}
_DEADLINE = Doc(
    "Ngày, hoặc ngày và giờ; chỉ có ngày là hết giờ làm việc ngày đó",
    "A day, or a day and its time; a day alone is the end of its working hours",
    example="24/05/2023",
)
_NAMED = Doc(
    "Để trống thì dòng được gọi tên theo nội dung; nếu ghi, mỗi dòng một mã, không dùng lại",
    "Left blank, a row is named by what it says; else an id of each row, never used again",
    example="2023-0001",
)
_COUNTED = Doc(
    "Bỏ trống cả cột thì trục tự đếm: số liệu khác với số đã báo là lần điều chỉnh kế tiếp, như cũ"
    " thì chỉ tính một lần; nếu ghi thì ghi ở mọi dòng",
    "Left blank in all rows, the hub counts: other figures than those reported are the next"
    " revision, the same count once; else it is needed in every row",
    example="1",
)
_CHOSEN = Doc("Chọn trong danh sách", "Choose from the list")
_LISTED = Doc("Mã trong danh mục", "A code of the list")


@dataclass(frozen=True)
class Asked:
    """A column: its field and header, what it is for, how its cells are written and an example.

    `choices` are the texts of a closed set, each with what it means; `list_name` is the list of
    reference data that its codes are of; `needed_for` names the kinds of event that need it, and
    is empty where all do or none does.
    """

    field: str
    header: str
    doc: Doc
    kind: Kind
    is_needed: bool
    how: Doc
    choices: tuple[tuple[str, str], ...]
    list_name: str
    needed_for: Doc

    @property
    def example(self) -> str:
        """A text that would be right."""
        return self.how.example

    @property
    def how_vi(self) -> str:
        """Say in Vietnamese how its cells are written."""
        return self.how.vi

    @property
    def needed_for_vi(self) -> str:
        """Say in Vietnamese for which events it is needed."""
        return self.needed_for.vi


def asked_of(contract: Contract) -> Sequence[Asked]:
    """Give the columns of a contract, those that must be filled first, else in their order."""
    of_file = {c.field: c for c in table_of(contract).columns}
    columns = [_asked(contract, f, of_file[f.name]) for f in contract.sent]
    return sorted(columns, key=lambda c: (not c.is_needed, not c.needed_for.vi))


def _asked(contract: Contract, f: WireField, column: Column) -> Asked:
    kind = column.kind
    choices: tuple[tuple[str, str], ...]
    codes = f.limits.get("enum", ())
    listed = coded(contract, f.name).listed
    if kind == "boolean":
        choices = (("có", "yes"), ("không", "no"))
    elif f.kind == "text":
        choices = tuple((shown_code(contract, f.name, code), code) for code in codes)
    else:
        choices = tuple((str(code), shown_code(contract, f.name, str(code))) for code in codes)
    how = _NAMED if f.name == "event_id" else _HOW[kind]
    is_needed = column.required and not column.is_counted
    if column.is_counted:
        how = _COUNTED
    elif f.name in contract.spec.deadlines:
        how = _DEADLINE
    elif choices:
        how = Doc(_CHOSEN.vi, _CHOSEN.en, example=choices[0][0])
    elif f.doc.example:
        words = _LISTED if listed else how
        how = Doc(words.vi, words.en, example=f.doc.example)
    return Asked(
        f.name, column.title, f.doc, kind, is_needed, how, choices, listed,
        _needed_for(contract, f.name),
    )  # fmt: skip


def _needed_for(contract: Contract, name: str) -> Doc:
    kinds = [kind for kind, names in contract.spec.needs.items() if name in names]
    words = [(shown_code(contract, "kind", kind), kind) for kind in kinds]
    if not words:
        return Doc("", "")
    vi, en = (", ".join(w[i] for w in words) for i in (0, 1))
    return Doc(f"bắt buộc khi: {vi}", f"needed when: {en}")


def texts_of(contract: Contract, item: str) -> dict[str, str]:
    """Write the fields of an item as a clerk would; each text is read by itself as what it was.

    What could not be read stays as it was written.
    """
    fields = fields_of(item)
    return {f.name: _text(contract, f, fields[f.name]) for f in contract.sent if f.name in fields}


def read_texts(contract: Contract, texts: Mapping[str, str]) -> dict[str, Any]:
    """Read texts by field as cells of a file are read by themselves; an empty one is None.

    Raises `WrittenError` that names every text that cannot be read. What no field of the contract
    is called stays as it is.
    """
    reads = {c.field: c.reads for c in table_of(contract).columns}
    headers = {c.field: c.header for c in asked_of(contract)}
    values: dict[str, Any] = {}
    faults: list[WrittenError] = []
    for name, words in texts.items():
        values[name] = words if words.strip() else None
        if not words.strip() or name not in reads:
            continue
        try:
            value = reads[name](words)
            values[name] = float(value) if isinstance(value, Decimal) else value
        except WrittenError as error:
            place = f"{headers[name]}: “{words}”"
            faults.append(WrittenError(error.rule, f"{place} {error.vi}", f"{place} {error.en}"))
    if faults:
        vi, en = ("; ".join(w) for w in ([f.vi for f in faults], [f.en for f in faults]))
        raise WrittenError(faults[0].rule, vi, en)
    return values


def _text(contract: Contract, f: WireField, value: Any) -> str:
    codes = f.limits.get("enum", ())
    if isinstance(value, str) and value in codes:
        return shown_code(contract, f.name, value)
    if f.kind == "instant" and isinstance(value, str):
        return _day_and_time(value)
    if isinstance(value, str):
        return value.removesuffix(UNCORRECTED)
    return written(value)


def _day_and_time(value: str) -> str:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value.removesuffix(UNCORRECTED)
    if at.tzinfo is None:
        return value
    local = at.astimezone(VIETNAM)
    if local.microsecond:
        return f"{local:%d/%m/%Y %H:%M:%S.%f}"
    return f"{local:%d/%m/%Y %H:%M:%S}" if local.second else f"{local:%d/%m/%Y %H:%M}"
