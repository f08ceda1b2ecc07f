"""Proposing: a mapping drafted from a sample of a sender's files, with every doubt about it.

What a header, a word or a column shows by itself is filled in. What is only likely is filled in and
told as a doubt; what may be several things, or nothing that is known, stays open: a person decides.
Code words are those that the contract names, units and procedures those of the province's lists.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from hub.definitions.coded import coded, find_field, label
from hub.definitions.contract import Contract, WireField
from hub.definitions.faults import field_fault
from hub.definitions.near import is_within, near_codes
from hub.sheets.barring import refuse_sample
from hub.sheets.cells import Cell
from hub.sheets.days import order_shown
from hub.sheets.files import NAME, json_value, table_of
from hub.sheets.grids import Grid, Sampled, sample
from hub.sheets.headers import headings, resembles_any
from hub.sheets.mapping import SCALES, FileMapping, MappedColumn, mapping_of, write_mapping
from hub.sheets.notes import shown, unit
from hub.sheets.numbers import shown_by
from hub.sheets.revising import counted
from hub.sheets.surroundings import part_of
from hub.sheets.table import Column, FileError, Table
from hub.sheets.vietnamese import (
    ALONE,
    Mark,
    Order,
    Reading,
    WrittenError,
    folded,
    key,
    plain,
    spoken,
)

Names = Mapping[str, Mapping[str, str]]  # by list, the name of each code
Part = Literal["column", "word", "always", "unit", "mark", "order", "sheet"]
WORDS_MAX = 500  # of one field that a draft names
VALUES_SHOWN_MAX = 5
FITS = 0.9  # of the cells of a column that a field could hold
LETTERS_PER_SLIP = 5
_SAYS_NOTHING = frozenset(("stt", "tt", "sott", "ghichu", "note", "no", "no."))
_DAY = re.compile(r"\b[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}\b")


@dataclass(frozen=True)
class Candidate:
    """What may be meant: a field or a code, and what people call it."""

    value: str
    vi: str
    en: str


@dataclass(frozen=True)
class Doubt:
    """What a draft is unsure of, and why; `is_open`: nothing was filled in."""

    part: Part
    is_open: bool
    message_vi: str
    message_en: str
    header: str = ""
    field: str = ""
    word: str = ""
    candidates: tuple[Candidate, ...] = ()


@dataclass
class Draft:
    """A mapping as it is proposed, what is doubtful in it, and cells of each column, masked."""

    mapping: FileMapping
    doubts: list[Doubt] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)

    def text(self) -> str:
        """Write it as its file, the doubts as comments."""
        notes: dict[tuple[str, str, str], str] = {}
        for d in self.doubts:
            at = (d.part, d.header or d.field, d.word)
            if d.part in ("word", "always"):
                at = (d.part, d.field, d.word)
            choice = ", ".join(f"{c.value} ({c.vi})" for c in d.candidates)
            said = f"{'CHƯA RÕ' if d.is_open else 'XEM LẠI'}: {d.message_vi}"
            notes[at] = f"{said}; có thể là: {choice}" if choice else said
        return write_mapping(self.mapping, notes)

    def public(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {
            "mapping": self.mapping.model_dump(mode="json"),
            "text": self.text(),
            "doubts": [asdict(d) for d in self.doubts],
            "samples": self.samples,
        }


def propose(
    contract: Contract,
    sender: str,
    data: bytes,
    names: Names,
    before: FileMapping | None = None,
) -> Draft:
    """Draft the mapping by which a file can be read; `before` is the one in force, which counts.

    Raises `FileError` or `XlsxError` where the file cannot be read at all, `MappingError` where
    nobody can be called as `sender` is.
    """
    table = table_of(contract, before)
    sheets = sample(table, data)
    if not sheets:
        raise FileError("empty", "tệp không có trang nào có số liệu", "every sheet is empty")
    for each in sheets:
        refuse_sample(table, each.name, each.header, [*each.above, *each.rows])
    best = max(sheets, key=lambda s: (s.known, len(s.rows)))
    start = before or mapping_of({"contract": contract.name, "sender": sender})
    draft = Draft(start.model_copy(update={"sender": sender}))
    proposer = _Proposer(contract, table, names, draft)
    proposer.columns(best)
    proposer.sheets(sheets, best)
    proposer.whole(best)
    return draft


def fields_of(contract: Contract) -> list[dict[str, Any]]:
    """List what a person can choose from: the fields, and the codes of those that have some."""
    return [
        {
            "field": f.name,
            "vi": f.doc.vi,
            "en": f.doc.en,
            "is_needed": f.is_needed and f.name != counted(contract),
            "kind": f.kind,
            "words": [asdict(c) for c in _choices(contract, f)],
        }
        for f in contract.sent
    ]


def _choices(contract: Contract, f: WireField) -> list[Candidate]:
    """List the codes of a field, each with what people call it."""
    words = coded(contract, f.name).words
    codes = [str(code) for code in f.limits.get("enum", ())]
    return [Candidate(c, (words.get(c) or (c,))[0], c) for c in codes]


class _Proposer:
    """Fills in a draft, step by step."""

    def __init__(self, contract: Contract, table: Table, names: Names, draft: Draft) -> None:
        self._contract = contract
        self._table = table
        self._names = names
        self._draft = draft
        self._doubts = draft.doubts
        self._by_field = {c.field: c for c in table.columns}

    def columns(self, sheet: Sampled) -> None:
        """Say of each header which field it fills, or what it may fill."""
        headed = headings(self._table, sheet.header)
        known = {h.at: name for name, h in headed.known.items()}
        columns: list[MappedColumn] = []
        passed = list(self._draft.mapping.passed_over)
        seen = {key(h) for h in passed}
        before = {key(c.header): c for c in self._draft.mapping.columns}
        for at, cell in enumerate(sheet.header):
            header = plain(cell) if isinstance(cell, str) else ""
            if not header:
                continue
            self._sample(sheet, at, header)
            if not key(header) or key(header) in seen:
                if key(header) not in map(key, passed):
                    self._doubt_header(header, "có hai cột mang tiêu đề này", "it stands twice")
                continue
            seen.add(key(header))
            if folded(header) in _SAYS_NOTHING:
                passed.append(header)
                continue
            column = before.get(key(header)) or MappedColumn(header=header, field=known.get(at, ""))
            columns.append(column)
        taken = {c.field for c in columns}
        free = [c for c in self._table.columns if c.field not in taken]
        columns = [c if c.field else self._guessed(c, sheet, free) for c in columns]
        self._put(columns=tuple(columns), passed_over=tuple(passed))
        self._missing({c.field for c in columns})

    def _sample(self, sheet: Sampled, at: int, header: str) -> None:
        cells = dict.fromkeys(c for c in _cells(sheet, at) if str(c).strip())
        values = [shown(c) for c in list(cells)[:VALUES_SHOWN_MAX]]
        entry = {"sheet": sheet.name, "header": header, "values": values}
        self._draft.samples.append(entry)

    def _guessed(self, column: MappedColumn, sheet: Sampled, free: list[Column]) -> MappedColumn:
        """Find which field an unknown header may mean: by its words, and by what stands under it.

        Filled in is the one field that it resembles and whose values the cells could be.
        """
        at = next(i for i, c in enumerate(sheet.header) if key(str(c)) == key(column.header))
        cells = [c for c in _cells(sheet, at) if str(c).strip()]
        alike = [c for c in free if resembles_any(column.header, c.headers)]
        fitting = [c for c in free if self._fits(c, column.header, cells)]
        likely, vi, en = None, "", ""
        if len(alike) == 1 and (not cells or alike[0] in fitting or self._is_coded(alike[0])):
            likely = alike[0]
            vi, en = f"gần giống “{_title(likely)}”", f"resembles “{_title(likely)}”"
        elif len(fitting) == 1 and not alike and self._proves(fitting[0], cells):
            likely = fitting[0]
            vi = f"có các ô chỉ hợp với “{_title(likely)}”"
            en = f"has cells that fit {likely.field} alone"
        if likely is None:
            why = ("không rõ là cột nào", "it is not clear which field this is")
            others = [c for c in fitting if c not in alike]
            self._doubt_header(column.header, *why, [*alike, *others])
            return column
        free.remove(likely)
        vi = f"cột “{column.header}” {vi} nên được hiểu là cột đó"
        en = f"column “{column.header}” {en} and is taken for it"
        known = (column.header, likely.field, "", self._as([likely]))
        self._doubts.append(Doubt("column", False, vi, en, *known))
        return column.model_copy(update={"field": likely.field})

    def _is_coded(self, column: Column) -> bool:
        marks = coded(self._contract, column.field)
        return bool(marks.words or marks.listed)

    def _doubt_header(self, header: str, vi: str, en: str, fields: Sequence[Column] = ()) -> None:
        vi = f"cột “{header}”: {vi}; hãy chọn trường, hoặc đưa vào passed_over nếu không cần"
        en = f"column “{header}”: {en}; choose its field, or put it into passed_over"
        self._doubts.append(Doubt("column", True, vi, en, header, candidates=self._as(fields)))

    def _as(self, columns: Sequence[Column]) -> tuple[Candidate, ...]:
        return tuple(Candidate(c.field, c.headers[0], c.field) for c in columns)

    def _fits(self, column: Column, header: str, cells: Sequence[Cell]) -> bool:
        """Tell whether most cells of a column could be values of a field that says something.

        The name of an event may be anything, so that cells could be that shows nothing.
        """
        if not cells or column.field == NAME:
            return False
        reading = _alone(column, header, cells)
        right = sum(
            self._is_right(column, cell, reading) or bool(self._meant(column, cell))
            for cell in cells
        )
        return right >= FITS * len(cells)

    def _proves(self, column: Column, cells: Sequence[Cell]) -> bool:
        """Tell whether cells that fit a field show that they are of it: any text would fit some."""
        if column.kind != "text":
            return True
        marks = coded(self._contract, column.field)
        if not marks.listed:
            return bool(marks.words)
        listed = self._names.get(marks.listed, {})
        return bool(listed) and all(str(c) in listed or self._meant(column, c) for c in cells)

    def _is_right(self, column: Column, cell: Cell, reading: Reading = ALONE) -> bool:
        try:
            value = column.reads(cell, reading)
        except WrittenError as error:
            return error.rule == "two_readings"
        return field_fault(self._contract, column.field, json_value(value)) is None

    def _missing(self, taken: set[str]) -> None:
        """Name the needed fields that no column fills: something must hold for all rows.

        Those that a column may turn out to fill are left to who decides on that.
        """
        always = dict(self._draft.mapping.always)
        taken |= {c.value for d in self._doubts if d.is_open for c in d.candidates}
        for f in self._contract.sent:
            by_the_hub = f.name in (NAME, counted(self._contract))
            is_given = f.name in taken or f.name in always or by_the_hub
            if not f.is_needed or is_given:
                continue
            title = label(f).vi
            always[f.name] = ""
            vi = f"tệp không có cột “{title}”; nếu mọi dòng như nhau, hãy ghi giá trị ở đây"
            en = f"no column fills {f.name}; if it is the same in all rows, say it here"
            choices = tuple(_choices(self._contract, f))
            doubt = Doubt("always", True, vi, en, field=f.name, candidates=choices)
            self._doubts.append(doubt)
        self._put(always=always)

    def sheets(self, sheets: Sequence[Sampled], best: Sampled) -> None:
        """Say which other sheets have other headers, and so are not read."""
        wanted = {key(str(c)) for c in best.header}
        others = [s.name for s in sheets if {key(str(c)) for c in s.header} != wanted]
        if len(sheets) > 1 and others and not self._draft.mapping.sheets:
            left = ", ".join(f"“{name}”" for name in others)
            vi = f"các trang {left} có tiêu đề khác trang “{best.name}” và chưa được đọc thử"
            en = f"the sheets {left} have other headers than “{best.name}” and were not looked at"
            self._doubts.append(Doubt("sheet", False, vi, en))

    def whole(self, sheet: Sampled) -> None:
        """Look through each column that is known: its unit, mark, order of days, and words."""
        table = self._draft.mapping.model_copy(update={"always": {}}).on(self._table)
        headed = headings(table, sheet.header)
        grid = Grid(sheet.name, headed, sheet.header, sheet.above, sheet.rows)
        try:
            part = part_of(table, grid, [])
        except FileError as error:
            self._doubts.append(Doubt("unit", False, error.vi, error.en))
            return
        columns = []
        for mapped in self._draft.mapping.columns:
            column = self._by_field.get(mapped.field)
            if column is not None:
                heading = headed.known.get(mapped.field)
                own = [heading.unit] if heading and heading.unit else []
                under = part.under.get(heading.at, []) if heading else []
                scales = [u.scale for u in (*own, *under, *part.noted) if u.counts == "money"]
                cells = [c for c in part.cells(mapped.field) if str(c).strip()]
                mapped = self._written(mapped, column, cells, scales)  # noqa: PLW2901
                self._words(column, cells)
            columns.append(mapped)
        self._put(columns=tuple(columns))

    def _written(
        self,
        mapped: MappedColumn,
        column: Column,
        cells: Sequence[Cell],
        scales: Sequence[int | None],
    ) -> MappedColumn:
        """Say how a column is written: its unit of money, decimal mark and order of days."""
        ways: dict[str, str] = {}
        header = mapped.header
        if column.kind == "money" and not mapped.unit:
            named = {n: name for name, n in SCALES.items()}
            if scales and scales[0] is not None:
                ways["unit"] = named[scales[0]]
            else:
                vi = f"cột “{header}” không ghi đơn vị tính, nên được đọc là đồng"
                en = f"column “{header}” gives no unit, so it is read as đồng"
                units = tuple(Candidate(name, name, name) for name in SCALES)
                self._doubts.append(Doubt("unit", False, vi, en, header, column.field, "", units))
        if column.kind in ("money", "decimal") and not mapped.mark:
            ways |= self._mark(header, column, cells, scales)
        if column.kind in ("instant", "period") and not mapped.order:
            ways |= self._order(header, column, cells)
        return mapped.model_copy(update=ways)

    def _mark(
        self, header: str, column: Column, cells: Sequence[Cell], scales: Sequence[int | None]
    ) -> dict[str, str]:
        shows = shown_by(column.kind, cells, scales[0] if scales else None)
        marks = [m for m in ("point", "comma") if getattr(shows, m)]
        if len(marks) == 1:
            return {"mark": marks[0]}
        if not marks and not shows.doubtful:
            return {}
        cell = shown(shows.doubtful or shows.point, "number")
        vi = f"cột “{header}”: không rõ dấu chấm hay dấu phẩy đứng trước phần lẻ (ô “{cell}”)"
        en = f"column “{header}”: it is not clear which mark stands before decimals (“{cell}”)"
        choices = (
            Candidate("comma", "1.543,88", "1.543,88"),
            Candidate("point", "1,543.88", "1,543.88"),
        )
        self._doubts.append(Doubt("mark", True, vi, en, header, column.field, "", choices))
        return {}

    def _order(self, header: str, column: Column, cells: Sequence[Cell]) -> dict[str, str]:
        shows = order_shown(cells)
        if shows.day and not shows.month:
            return {"order": "day"}
        written = [c for c in cells if type(c) is str and _DAY.search(c)]
        if not written and not shows.month:
            return {}
        example = shown(shows.month or written[0], "instant")
        if shows.month:
            vi = f"cột “{header}”: ô “{example}” không thể là ngày trước tháng sau"
            en = f"column “{header}”: “{example}” cannot have the day first"
        else:
            vi = f"cột “{header}”: không ô nào cho biết ngày hay tháng đứng trước (ô “{example}”)"
            en = f"column “{header}”: nothing shows whether day or month is first (“{example}”)"
        choices = (
            Candidate("day", "ngày trước, tháng sau", "day first"),
            Candidate("month", "tháng trước, ngày sau", "month first"),
        )
        doubt = Doubt("order", bool(shows.month), vi, en, header, column.field, "", choices)
        self._doubts.append(doubt)
        return {} if shows.month else {"order": "day"}

    def _words(self, column: Column, cells: Sequence[Cell]) -> None:
        """Say which code each word of a column means."""
        of_field = find_field(self._contract, column.field)
        marks = coded(self._contract, column.field)
        if of_field is None or not (marks.words or marks.listed or of_field.limits.get("enum")):
            return
        words = dict(self._draft.mapping.words.get(column.field, {}))
        known = {spoken(w) for w in words}
        for cell in dict.fromkeys(c for c in cells if type(c) is str):
            written = plain(cell)
            if spoken(written) in known or len(words) >= WORDS_MAX:
                continue
            known.add(spoken(written))
            if self._is_right(column, cell):
                self._check_listed(column, written, marks.listed)
                continue
            codes = self._meant(column, cell)
            words[written] = codes[0] if len(codes) == 1 else ""
            if len(codes) != 1:
                self._doubt_word(column, written, codes)
        if words:
            self._put(words={**self._draft.mapping.words, column.field: words})

    def _meant(self, column: Column, cell: Cell) -> list[str]:
        """Give the codes that a word or a name means exactly."""
        if type(cell) is not str:
            return []
        marks, said = coded(self._contract, column.field), spoken(cell)
        codes = [c for c, names in marks.words.items() if said in map(spoken, (c, *names))]
        listed = self._names.get(marks.listed, {})
        return codes + [c for c, name in listed.items() if said in (spoken(c), spoken(name))]

    def _doubt_word(self, column: Column, written: str, codes: Sequence[str]) -> None:
        title = _title(column)
        near = self._near(column, written)
        if codes:
            vi = f"“{written}” của cột “{title}” là tên của {len(codes)} mã"
            en = f"“{written}” of {column.field} is the name of {len(codes)} codes"
        else:
            vi = f"“{written}” của cột “{title}” không có trong danh mục"
            en = f"“{written}” of {column.field} is on no list"
        choices = self._named(column, codes or near)
        doubt = Doubt("word", True, vi, en, "", column.field, written, choices)
        self._doubts.append(doubt)

    def _near(self, column: Column, written: str) -> list[str]:
        marks = coded(self._contract, column.field)
        if marks.listed:
            return near_codes(written, self._names.get(marks.listed, {}))
        said = spoken(written)
        return [
            code
            for code, names in marks.words.items()
            if any(_is_near(said, spoken(n)) for n in (code, *names))
        ]

    def _named(self, column: Column, codes: Sequence[str]) -> tuple[Candidate, ...]:
        marks = coded(self._contract, column.field)
        listed = self._names.get(marks.listed, {})
        called = {c: (marks.words.get(c) or (listed.get(c, c),))[0] for c in codes}
        return tuple(Candidate(c, called[c], c) for c in codes)

    def _check_listed(self, column: Column, written: str, name: str) -> None:
        """Doubt a code that has the form of one and that the province's list does not have."""
        listed = self._names.get(name, {})
        if listed and written not in listed:
            vi = f"mã “{written}” của cột “{_title(column)}” không có trong danh mục"
            en = f"“{written}” of {column.field} is not on the list"
            choices = self._named(column, near_codes(written, listed))
            doubt = Doubt("word", False, vi, en, "", column.field, written, choices)
            self._doubts.append(doubt)

    def _put(self, **parts: Any) -> None:
        self._draft.mapping = self._draft.mapping.model_copy(update=parts)


def _cells(sheet: Sampled, at: int) -> Iterator[Cell]:
    return (r[1][at] for r in sheet.rows if at < len(r[1]))


def _title(column: Column) -> str:
    """Give a column's title without what explains it."""
    return re.split(r"[,;:(]", column.headers[0])[0].strip()


def _alone(column: Column, header: str, cells: Sequence[Cell]) -> Reading:
    """Say how a column would be read by what its header and its cells show."""
    said = unit(header.rpartition("(")[2]) if "(" in header else None
    scale = said.scale if said is not None and column.kind == "money" else None
    shows = shown_by(column.kind, cells, scale)
    mark: Mark | None = "point" if shows.point else "comma" if shows.comma else None
    order: Order = "month" if order_shown(cells).month else "day"
    return Reading(mark, order=order, is_said=True, scale=scale)


def _is_near(one: str, other: str) -> bool:
    if one in other or other in one:
        return True
    longest = max(len(one), len(other))
    return is_within(one, other, longest // LETTERS_PER_SLIP)
