"""Mapped: what is wrong with a mapping, held against its contract, all of it at once."""

from collections import Counter
from collections.abc import Iterable, Iterator

from hub.definitions.barred import find_barred
from hub.definitions.coded import find_field, label
from hub.definitions.contract import Contract
from hub.definitions.faults import field_fault
from hub.definitions.near import offered
from hub.sheets.files import json_value, table_of
from hub.sheets.mapping import (
    ENTRIES_MAX,
    FileMapping,
    MappedColumn,
    MappingError,
    MappingFault,
)
from hub.sheets.table import Column
from hub.sheets.vietnamese import WrittenError, key, spoken

_NUMBERS = ("integer", "money", "decimal")
_DAYS = ("instant", "period")


def check_mapping(contract: Contract, mapping: FileMapping) -> None:
    """Raise `MappingError` where a mapping cannot be used for files under its contract."""
    faults = list(find_mapping_faults(contract, mapping))
    if faults:
        raise MappingError(faults)


def find_mapping_faults(contract: Contract, mapping: FileMapping) -> Iterator[MappingFault]:
    """Find everything that keeps a mapping from being used."""
    bar = find_barred(contract.spec.bars, _read_by(mapping))
    if bar is not None:
        yield MappingFault(bar.rule, "file", bar.vi, bar.en)
        return
    columns = {c.field: c for c in table_of(contract).columns}
    titles = {name: c.headers[0] for name, c in columns.items()}
    if mapping.contract != contract.name:
        vi = f"bảng ánh xạ này của hợp đồng {mapping.contract}, không phải {contract.name}"
        en = f"this mapping is for {mapping.contract}, not for {contract.name}"
        yield MappingFault("other_contract", "contract", vi, en)
    headers = [c.header for c in mapping.columns] + list(mapping.passed_over)
    for header in _twice(headers, key):
        vi = f"cột “{header}” có hai lần trong bảng ánh xạ; chỉ để một"
        yield MappingFault("twice", "column", vi, f"column “{header}” stands twice", header)
    for column in mapping.columns:
        yield from _column_faults(column, columns, titles)
    for name in _twice([c.field for c in mapping.columns if c.field], str):
        title = titles.get(name, name)
        vi = f"hai cột cùng được hiểu là “{title}”; chỉ để một"
        en = f"two columns are taken for {name}; keep one"
        yield MappingFault("twice", "column", vi, en, field=name)
    for name, value in mapping.always.items():
        fault = _value_fault(contract, columns, name, value, "always", "")
        if fault is not None:
            yield fault
    for name, words in mapping.words.items():
        yield from _word_faults(contract, columns, name, words)


def _read_by(mapping: FileMapping) -> Iterator[tuple[str, str]]:
    """Give what a mapping would let in, each as if something stood there."""
    yield from ((column.header, "x") for column in mapping.columns if column.field)
    yield from (("", value) for value in mapping.always.values())
    yield from (("", word) for words in mapping.words.values() for word in words)


def _column_faults(
    mapped: MappedColumn, columns: dict[str, Column], titles: dict[str, str]
) -> Iterator[MappingFault]:
    header, column = mapped.header, columns.get(mapped.field)
    if not mapped.field:
        vi = f"cột “{header}” chưa được quyết định; hãy chọn trường, hoặc đưa vào passed_over"
        en = f"column “{header}” is undecided; choose its field, or put it into passed_over"
        yield MappingFault("undecided", "column", vi, en, header)
        return
    if column is None:
        near_vi, near_en = offered(mapped.field, titles)
        vi = f"cột “{header}”: không có trường “{mapped.field}”{near_vi}"
        en = f"column “{header}”: there is no field “{mapped.field}”{near_en}"
        yield MappingFault("unknown_field", "column", vi, en, header, mapped.field)
        return
    for part, value, kinds, words in (
        ("unit", mapped.unit, ("money",), ("đơn vị tiền", "unit of money")),
        ("mark", mapped.mark, _NUMBERS, ("dấu phần lẻ", "decimal mark")),
        ("order", mapped.order, _DAYS, ("thứ tự ngày tháng", "order of days")),
    ):
        if value and column.kind not in kinds:
            vi = f"cột “{header}”: “{column.headers[0]}” không có {words[0]}; hãy bỏ mục {part}"
            en = f"column “{header}”: {column.field} has no {words[1]}; take {part} out"
            yield MappingFault("not_fitting", part, vi, en, header, mapped.field)


def _word_faults(
    contract: Contract, columns: dict[str, Column], name: str, words: dict[str, str]
) -> Iterator[MappingFault]:
    if len(words) > ENTRIES_MAX:
        vi, en = f"quá {ENTRIES_MAX} chữ của một trường", f"over {ENTRIES_MAX} words of a field"
        yield MappingFault("too_many", "word", vi, en, field=name)
        return
    for word in _twice(words, spoken):
        vi = f"chữ “{word}” có hai lần (chỉ khác chữ hoa, khoảng trắng hoặc cách đặt dấu)"
        en = f"“{word}” stands twice, but for case, spaces or the place of its tone"
        yield MappingFault("twice", "word", vi, en, field=name, word=word)
    for word, code in words.items():
        fault = _value_fault(contract, columns, name, code, "word", word)
        if fault is not None:
            yield fault


def _value_fault(
    contract: Contract, columns: dict[str, Column], name: str, value: str, part: str, word: str
) -> MappingFault | None:
    """Say why a code, or a value for all rows, is none of its field's."""
    column, of_field = columns.get(name), find_field(contract, name)
    if column is None or of_field is None:
        near_vi, near_en = offered(name, {n: c.headers[0] for n, c in columns.items()})
        vi, en = f"không có trường “{name}”{near_vi}", f"there is no field “{name}”{near_en}"
        return MappingFault("unknown_field", part, vi, en, field=name, word=word)
    at = f"chữ “{word}” của “{label(of_field).vi}”" if word else f"“{label(of_field).vi}”"
    at_en = f"“{word}” of {name}" if word else name
    if not value:
        vi, en = f"{at} chưa được quyết định; hãy ghi mã", f"{at_en} is undecided; give its code"
        if column.example:
            vi, en = f"{vi}, ví dụ {column.example}", f"{en}, such as {column.example}"
        return MappingFault("undecided", part, vi, en, field=name, word=word)
    try:
        read = column.reads(value)
    except WrittenError as error:
        vi, en = f"{at}: “{value}” {error.vi}", f"{at_en}: “{value}” {error.en}"
        return MappingFault(error.rule, part, vi, en, field=name, word=word)
    fault = field_fault(contract, name, json_value(read))
    if fault is None:
        return None
    vi, en = f"{at}: {fault.message_vi}", f"{at_en}: {fault.message_en}"
    return MappingFault(fault.rule, part, vi, en, field=name, word=word)


def _twice(texts: Iterable[str], by: object) -> list[str]:
    """Give the texts that stand twice, compared by something."""
    assert callable(by)
    counts = Counter(by(t) for t in texts)
    return [t for t in dict.fromkeys(texts) if counts[by(t)] > 1]
