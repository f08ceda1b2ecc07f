"""Releases: numbered folders of files, each made whole or not at all; the latest one is given out.

A release is held together with the one before: what that told and is the same now hides nothing,
what it withheld stays withheld (else both beside each other would tell), and a row that says
something else is counted and listed as revised.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from hub.clock import day_of, iso, iso_day
from hub.figures.book import Book
from hub.figures.kpi import Kpi
from hub.open_data.linking import Known, protect
from hub.open_data.opened import Dims, OpenDataError, Row, check_opened, marked, rows_of
from hub.reference.periods import Period, parse_period

SAID = "release.json"
REVISIONS = "revisions.csv"
DICTIONARY = "dictionary.csv"
TABLES = ("csv", "parquet")
LEFT_SECONDS = 86_400.0
KEEPS = "keep"  # of a Parquet file's metadata: what the table does not say
_COLUMNS = {
    "numerator": pl.Int64,
    "denominator": pl.Int64,
    "value": pl.String,
    "status": pl.String,
    "restated_numerator": pl.Int64,
    "restated_denominator": pl.Int64,
    "restated_value": pl.String,
    "completeness": pl.Float64,
    "withheld": pl.String,
    "revision": pl.Int64,
    "revised_on": pl.String,
    "definition_version": pl.String,
}
WITHHELD = "c"  # confidential, as in SDMX's and Eurostat's tables


@dataclass(frozen=True)
class Revision:
    """That a row of the release before says something else now, or is no more."""

    release: int
    made_on: str
    dataset: str
    period: str
    dims: str
    before: str
    after: str


@dataclass(frozen=True)
class Release:
    """What a release says: its rows by dataset, and every revision so far."""

    number: int
    made_at: int
    cut: str
    least: int
    years: tuple[str, ...]
    is_synthetic: bool
    rows: Mapping[str, Sequence[Row]]
    revisions: tuple[Revision, ...] = ()

    def modified_on(self, dataset: str) -> str:
        """Give the day on which a dataset last stated something else."""
        return max((r.revised_on for r in self.rows[dataset]), default="")


def opened(kpis: Mapping[str, Kpi]) -> dict[str, Kpi]:
    """Give the KPIs that are marked as open, checked; raise `OpenDataError`."""
    found = {name: kpi for name, kpi in kpis.items() if kpi.opened is not None}
    for kpi in found.values():
        check_opened(kpi)
    return found


def make(
    kpis: Mapping[str, Kpi],
    book: Book,
    years: Iterable[Period],
    now: int,
    least: int,
    before: Release | None,
    *,
    is_synthetic: bool,
    after: int = 0,
) -> Release:
    """Make the release that follows `before`, of its years and others; its number is above `after`.

    Raises `OpenDataError`, `NotProtectedError`.
    """
    chosen = opened(kpis)
    wanted = {year.text for year in years} | set(before.years if before is not None else ())
    known = _known(before)
    found: list[Row] = []
    for text in sorted(wanted):
        year = parse_period(text)
        rows = [row for kpi in chosen.values() for row in rows_of(kpi, year, book, now)]
        found += protect(rows, chosen, year, book, now, least, known)
    number = max(after, 0 if before is None else before.number) + 1
    made_on = iso_day(day_of(now))
    compared, revisions = _compared(found, before, number, made_on)
    return Release(
        number,
        now,
        book.reading.cut(),
        least,
        tuple(sorted(wanted)),
        is_synthetic,
        {name: [r for r in compared if r.dataset == name] for name in chosen},
        (*(before.revisions if before is not None else ()), *revisions),
    )


def _known(before: Release | None) -> Known:
    known = Known()
    for row in (r for rows in (before.rows if before else {}).values() for r in rows):
        for side in row.sides():
            name = (*row.key, side)
            value = row.now(side)
            if value is not None:
                known.out[name] = value
            elif row.is_withheld:
                known.back.add(name)
    return known


def _compared(
    rows: Iterable[Row], before: Release | None, number: int, made_on: str
) -> tuple[list[Row], list[Revision]]:
    """Count on each row how often it stated something else; list what does since `before`."""
    earlier = {r.key: r for rows in (before.rows if before else {}).values() for r in rows}
    compared, revisions = [], []
    for row in rows:
        old = earlier.pop(row.key, None)
        if old is None:
            compared.append(replace(row, revised_on=made_on))
        elif old.says == row.says:
            compared.append(replace(row, revision=old.revision, revised_on=old.revised_on))
        else:
            compared.append(replace(row, revision=old.revision + 1, revised_on=made_on))
            revisions.append(_revision(number, made_on, old, row))
    revisions += [_revision(number, made_on, old, None) for old in earlier.values()]
    return compared, revisions


def _revision(number: int, made_on: str, old: Row, new: Row | None) -> Revision:
    after = "" if new is None else _said(new)
    return Revision(
        number, made_on, old.dataset, old.period, write_dims(old.dims), _said(old), after
    )


def _said(row: Row) -> str:
    """Write what a row says in a line: what is withheld as such."""
    own = [WITHHELD if row.is_withheld and v is None else v for v in row.says[:3]]
    again = f" → {row.restated_value}" if row.restated_value is not None else ""
    return f"{own[0]} / {own[1]} = {own[2]}{again}" if own[1] is not None else f"{own[2]}{again}"


def write_dims(dims: Dims) -> str:
    """Write dimensions in a line."""
    return " ".join(f"{name}={value}" for name, value in dims)


def frame_of(rows: Sequence[Row]) -> pl.DataFrame:
    """Give a dataset's rows as a table: one column a dimension, empty where withheld."""
    dims = [name for name, _ in rows[0].dims] if rows else []
    named = "unit" in dims
    lines = []
    for row in rows:
        stated = {"period": row.period, "period_kind": row.kind, **dict(row.dims)}
        stated |= {"unit_name": row.unit_name} if named else {}
        own = {n: getattr(row, n) for n in _COLUMNS if n != "withheld"}
        lines.append({**stated, **own, "withheld": WITHHELD if row.is_withheld else ""})
    texts = ["period", "period_kind", *dims, *(["unit_name"] if named else [])]
    schema = {**dict.fromkeys(texts, pl.String), **_COLUMNS}
    return pl.DataFrame(lines, schema=schema)


def columns_of(kpi: Kpi) -> list[str]:
    """Name the columns of a KPI's table, in their order."""
    dims = sorted({name for table in marked(kpi).tables for name in table})
    named = ["unit_name"] if "unit" in dims else []
    return ["period", "period_kind", *dims, *named, *_COLUMNS]


def rows_from(frame: pl.DataFrame, dataset: str) -> list[Row]:
    """Read what `frame_of` gave."""
    own = {"period", "period_kind", "unit_name", *_COLUMNS}
    dims = [name for name in frame.columns if name not in own]
    return [
        Row(
            dataset=dataset,
            period=stated["period"],
            kind=stated["period_kind"],
            dims=tuple((name, stated[name]) for name in dims),
            unit_name=stated.get("unit_name", ""),
            is_withheld=stated["withheld"] == WITHHELD,
            **{n: stated[n] for n in _COLUMNS if n != "withheld"},
        )
        for stated in frame.iter_rows(named=True)
    ]


def numbered(folder: Path) -> list[Path]:
    """List the folders of releases, the latest first."""
    return sorted((p for p in folder.glob("[0-9]*") if (p / SAID).is_file()), reverse=True)


def latest(folder: Path) -> Path | None:
    """Find the folder of the latest release; None where there is none."""
    return next(iter(numbered(folder)), None)


def read_release(folder: Path) -> Release | None:
    """Read the latest release of a folder; raise `OpenDataError` where it is not whole."""
    where = latest(folder)
    try:
        return None if where is None else _read(where)
    except OSError as error:
        raise OpenDataError(f"{where}: không đọc được | cannot be read: {error}") from error


def _read(where: Path) -> Release:
    stated = json.loads((where / SAID).read_text("utf-8"))
    rows = {}
    for name in stated["datasets"]:
        path = where / f"{name}.parquet"
        if digest_of(path) != stated["files"][path.name]["sha256"]:
            raise OpenDataError(f"{path}: bị sửa sau khi phát hành | changed since its release")
        rows[name] = rows_from(pl.read_parquet(path), name)
    listed = pl.read_csv(where / REVISIONS, infer_schema=False).fill_null("")
    revisions = tuple(
        Revision(**{**row, "release": int(row["release"])}) for row in listed.iter_rows(named=True)
    )
    own = (stated["cut"], stated["least"], tuple(stated["years"]), stated["is_synthetic"])
    return Release(stated["number"], stated["made_at_us"], *own, rows, revisions)


def digest_of(path: Path) -> str:
    """Digest a file: SHA-256, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(
    folder: Path,
    release: Release,
    kpis: Mapping[str, Kpi],
    publishing: Mapping[str, str],
    more: Callable[[Mapping[str, Any]], Mapping[str, bytes]],
) -> Path:
    """Write a release's files, then what `more` makes of their description.

    `publishing` says who publishes it under which licence, as it was then. The folder is there once
    it is whole.

    Raises `OpenDataError` where the folder cannot be written, or where another process made the
    same release meanwhile.
    """
    where = folder / f"{release.number:04}"
    aside = folder / f".{uuid4().hex}.aside"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _clear(folder)
        aside.mkdir()
        _fill(aside, release, kpis, publishing, more)
        aside.rename(where)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        vi, en = "không ghi được", "cannot be written"
        if where.is_dir():
            vi, en = "đã có bản này", "this release is there already"
        raise OpenDataError(f"{where}: {vi} | {en}: {error.strerror}") from error
    return where


def _clear(folder: Path) -> None:
    """Clear away what processes left that ended while they wrote, once it is a day old."""
    for left in folder.glob(".*.aside"):
        if left.stat().st_mtime < time.time() - LEFT_SECONDS:
            shutil.rmtree(left)


def _fill(
    aside: Path,
    release: Release,
    kpis: Mapping[str, Kpi],
    publishing: Mapping[str, str],
    more: Callable[[Mapping[str, Any]], Mapping[str, bytes]],
) -> None:
    for name, rows in release.rows.items():
        frame = frame_of(rows)
        frame.write_csv(aside / f"{name}.csv")
        frame.write_parquet(aside / f"{name}.parquet")
    schema = {n: pl.Int64 if n == "release" else pl.String for n in Revision.__annotations__}
    revisions = pl.DataFrame([asdict(r) for r in release.revisions], schema=schema)
    revisions.write_csv(aside / REVISIONS)
    stated = {**describe(release, kpis), "publishing": dict(publishing)}
    stated["files"] = _files(aside)
    for name, content in more(stated).items():
        (aside / name).write_bytes(content)
    stated["files"] = _files(aside)
    (aside / SAID).write_text(json.dumps(stated, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _files(folder: Path) -> dict[str, Any]:
    return {
        p.name: {"bytes": p.stat().st_size, "sha256": digest_of(p)}
        for p in sorted(folder.iterdir())
    }


def _first_on(row: Row) -> str:
    return parse_period(row.period).start_on.isoformat()


def _last_on(row: Row) -> str:
    return (parse_period(row.period).end_on - timedelta(1)).isoformat()


def describe(release: Release, kpis: Mapping[str, Kpi]) -> dict[str, Any]:
    """Say what a release holds, as JSON."""
    return {
        "number": release.number,
        "made_at": iso(release.made_at),
        "made_at_us": release.made_at,
        "cut": release.cut,
        "least": release.least,
        "years": list(release.years),
        "is_synthetic": release.is_synthetic,
        "revisions": len(release.revisions),
        "datasets": {
            name: {
                "title_vi": kpis[name].title.vi,
                "title_en": kpis[name].title.en,
                "question_vi": kpis[name].question.vi,
                "question_en": kpis[name].question.en,
                "owner": kpis[name].owner,
                "measure_unit": kpis[name].measure_unit,
                "rows": len(rows),
                "first_on": min((_first_on(r) for r in rows), default=""),
                "last_on": max((_last_on(r) for r in rows), default=""),
                "finest": marked(kpis[name]).periods[0],
                "is_of_people": marked(kpis[name]).is_of_people,
                "withheld": sum(r.is_withheld for r in rows),
                "revised": sum(r.revision > 0 for r in rows),
                "modified_on": release.modified_on(name),
                "columns": columns_of(kpis[name]),
            }
            for name, rows in release.rows.items()
        },
    }
