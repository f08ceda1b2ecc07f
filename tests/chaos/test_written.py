"""What is written for others, struck as it is written: embedded here, so by processes alone.

Then each check is shown one thing that is not as it must be, and has to name it.
"""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from hub.log.submitting import append_columns
from hub.opening import OpenHub, catch_up, open_hub
from hub.settings import Settings
from hub.warehouse.laying import open_warehouse
from hub.warehouse.retaining import data_files
from tests.chaos.events import Events
from tests.chaos.told import Told
from tests.chaos.traffic import SENDER
from tests.chaos.written import AWAY, KILLED, TWICE, Written
from tests.parts.small import Json, admitted_frame
from tests.parts.waiting import until

STEPS = 2
SECONDS_MAX = 1_500.0  # against a hang: two writers run, each in a process of its own


def send(hub: OpenHub, events: Events) -> None:
    """Append some days of events, and apply them."""
    made: dict[str, list[Json]] = defaultdict(list)
    for _ in range(STEPS):
        for item in events.step():
            if not item.broken:
                made[item.contract].append(item.event)
    for name, listed in made.items():
        contract = hub.contracts[name]
        append_columns(hub.log, contract, SENDER, admitted_frame(contract, listed), hub.clock)
    catch_up(hub)  # a writer may be at it


def _until(written: Written, how: str, count: int) -> None:
    """Wait until each writer has ended so."""
    names = [f"{name} {how}" for name in written.writers]
    until(lambda: min(written.counted[n] for n in names) >= count, how, SECONDS_MAX)


def test_what_is_written_for_others_is_whole_whatever_strikes(tmp_path: Path) -> None:
    told, said = Told(tmp_path), list[str]()
    settings = Settings(data_dir=tmp_path / "hub")
    written = Written(tmp_path / "written", settings, 1, said.append)
    settings = written.settings(settings)
    events = Events(1)
    try:
        for name, text in written.lists.items():
            (told.lists / f"{name}.csv").write_text(text, "utf-8")
        with open_hub(settings) as hub:
            told.load(hub)
            send(hub, events)
            written.start()
            _until(written, f"{KILLED} while it wrote", 1)
            _until(written, "written", 1)
            for mode, how in (
                (KILLED, f"{KILLED} while it wrote"),
                (AWAY, f"not written, {AWAY}"),
                (TWICE, f"written, {TWICE}"),
            ):
                send(hub, events)
                count = 2 if mode == KILLED else 1
                written.strike(mode)
                _until(written, how, count)
        written.rest()
        told.be("refuse")
        told.finish(settings)
        written.finish()
        with open_hub(settings) as hub:
            found = dict(written.check(hub, told.by))
            assert [wrong for _, wrong in found.values() if wrong] == [], (found, said)
            _nothing_passes(hub, written, told)
    finally:
        written.close()
        told.close()


def _nothing_passes(hub: OpenHub, written: Written, told: Told) -> None:
    """Alter one thing at a time."""

    def finds(name: str, what: str, alter: Callable[[], None]) -> None:
        alter()
        _, wrong = written.outputs[name].check(hub, told.by)
        assert any(what in line for line in wrong), (name, what, wrong)

    open_data, reports = (written.outputs[n].folder for n in ("open_data", "reports"))
    newest = max(p for p in open_data.iterdir() if p.name.isdigit())
    finds("open_data", "is not what was released", lambda: _cut(newest / "revisions.csv"))
    finds("open_data", "is not named", (newest / "more.csv").touch)
    finds("open_data", "the numbers are", lambda: _rename(newest, "0099"))
    (pdf, *_) = sorted(reports.glob("06a-*.pdf"))
    finds("reports", "is not the whole report", lambda: _cut(pdf))
    finds("reports", "is not there", pdf.unlink)
    finds("reports", "nothing that was owed", (reports / "06a-1999-01.pdf").touch)
    finds("reports", "was not mailed: ", told.by["mail"].receiver.taken.clear)
    finds("reports", "owed and not decided", lambda: _altered(hub, "DELETE FROM report_run"))
    _of_warehouse(hub, written, told)


def _altered(hub: OpenHub, sql: str) -> None:
    with hub.store.administering() as c:
        c.exec_driver_sql(sql)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _rename(path: Path, name: str) -> None:
    path.rename(path.with_name(name))


def _of_warehouse(hub: OpenHub, written: Written, told: Told) -> None:
    """Alter a fact in the store, what plain readers are told, and a file of rows."""
    warehouse = written.outputs["warehouse"]

    def wrong() -> str:
        return "\n".join(warehouse.check(hub, told.by)[1])

    alter = "UPDATE fact_payment SET customers = customers + 1 WHERE entity IN"
    _altered(hub, f"{alter} (SELECT MIN(entity) FROM fact_payment)")
    assert "fact_payment: lacks" in wrong()
    contents = warehouse.folder / "contents.json"
    contents.write_text(contents.read_text("utf-8").replace("/data/", "/date/"), "utf-8")
    assert "contents.json names other files" in wrong()
    with open_warehouse(hub.settings.store_url, warehouse.folder) as opened:
        table = opened.find("cell")
        assert table is not None
        path = data_files(table)[0]
    rows = pq.ParquetFile(path).read()
    at = rows.schema.get_field_index("value")
    pq.write_table(rows.set_column(at, rows.schema.field(at), pa.array([7] * len(rows))), path)
    assert "cell: the snapshot of" in wrong()
