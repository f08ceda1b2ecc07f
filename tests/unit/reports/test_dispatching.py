"""Scheduled reports, by a moved clock and a real SMTP server: due, given once, made up, refused."""

import email
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.policy import default
from pathlib import Path
from typing import Any

import openpyxl
import pypdfium2
import pytest

from hub import registry
from hub.alerts.outlet import Message
from hub.clock import iso, to_us
from hub.reports.dispatching import Dispatcher, Package, lay
from hub.reports.scheduled import due_runs, next_run
from hub.store import report_runs
from outlets.mail.outlet import MailSettings, send
from outlets.mail.outlet import write as write_mail
from tests.conftest import Hub
from tests.parts.receivers import SmtpReceiver
from tests.unit.reports.test_editions import close_month
from tests.unit.reports.test_filled import EVENTS, listed

MONTHLY = {
    "name": "Biểu tháng",
    "report": "06a",
    "every": "month",
    "days_after": "3",
    "at_hour": "08:00",
    "unit": "",
    "outlet": "mail",
    "address": "lanh-dao@tinh.gov.vn",
    "valid_from": "2023-01-01",
    "valid_to": "",
}


@pytest.fixture
def post() -> Iterator[SmtpReceiver]:
    receiver = SmtpReceiver()
    yield receiver
    receiver.close()


class Office:
    """A hub with a schedule, whose clock a test moves."""

    def __init__(self, hub: Hub, post: SmtpReceiver, folder: Path) -> None:
        self.hub, self.post, self.folder = hub, post, folder
        hub.reference = hub.reference.with_tables(listed())
        hub.send("dossier", *EVENTS)
        self.rows = [MONTHLY]
        self.settings = MailSettings(server=post.server, sender="hub@tinh.gov.vn", tls="none")

    def at(self, *instant: int) -> int:
        """Move the clock to an instant in Vietnam and go one round, as a process begun anew."""
        self.hub.now = datetime(*instant, tzinfo=UTC) - timedelta(hours=7)  # type: ignore[misc,arg-type]
        store: Any = self.hub.store
        store.listed = lambda _: self.rows
        dispatcher = Dispatcher(
            store,
            self.hub.book,
            registry.reports(),
            {"mail": self._mail, "folder": lambda package: lay(self.folder, package)},
            lambda: self.hub.now,
            is_synthetic=False,
        )
        return dispatcher.round()

    def _mail(self, package: Package) -> None:
        own = (package.id, package.written_at, package.title, package.lines)
        message = Message(*own, package.title, "", (), package.files)
        send(write_mail(message, package.address), self.settings)

    def kept(self) -> list[dict[str, Any]]:
        with self.hub.store.reading() as reading:
            return report_runs.listed(reading.connection, 100)

    def mails(self) -> list[Any]:
        return [email.message_from_bytes(e.content, policy=default) for e in self.post.taken]


@pytest.fixture
def office(hub: Hub, post: SmtpReceiver, tmp_path: Path) -> Office:
    return Office(hub, post, tmp_path / "laid")


def test_a_month_is_mailed_at_its_hour_once_as_pdf_and_xlsx(office: Office) -> None:
    assert office.at(2023, 6, 3, 7, 59) == 3  # February to April, due before: they are made up
    assert office.at(2023, 6, 3, 8, 0) == 1
    assert office.at(2023, 6, 3, 8, 1) == 0
    mail = office.mails()[-1]
    assert (mail["To"], mail["Subject"]) == ("lanh-dao@tinh.gov.vn", "Biểu 06a kỳ 2023-05")
    assert "tệp PDF và XLSX kèm theo" in mail.get_body().get_content()
    pdf, xlsx = mail.iter_attachments()
    assert [pdf.get_filename(), xlsx.get_filename()] == ["06a-2023-05.pdf", "06a-2023-05.xlsx"]
    page = pypdfium2.PdfDocument(pdf.get_content())[0].get_textpage().get_text_bounded()
    assert "Biểu số II.06a" in page
    cells = [
        cell.value
        for sheet in openpyxl.load_workbook(io.BytesIO(xlsx.get_content())).worksheets
        for row in sheet.iter_rows()
        for cell in row
    ]
    expected = office.hub.kpi("dossier_received", period="2023-05", at="2023-06-03T08:00:00+07:00")
    assert expected[0]["numerator"] in cells
    (sent,) = (r for r in office.kept() if r["period"] == "2023-05")
    assert (sent["state"], iso(sent["due_at"])) == ("sent", "2023-06-03T08:00:00+07:00")
    assert mail["Message-ID"].startswith(f"<{sent['id']}@")
    assert sent["cut"]


def test_who_refuses_is_tried_again_under_the_same_id(office: Office) -> None:
    office.rows = [{**MONTHLY, "valid_from": "2023-06-01"}]
    office.post.manner = "refuse"
    assert office.at(2023, 6, 3, 8, 0) == 0
    (waiting,) = office.kept()
    assert (waiting["state"], waiting["tries"]) == ("waiting", 1)
    assert "451" in waiting["last_error"]
    office.post.manner = "take"
    assert office.at(2023, 6, 3, 8, 0) == 0  # not yet again
    assert office.at(2023, 6, 3, 8, 2) == 1
    (mail,) = office.mails()
    assert mail["Message-ID"].startswith(f"<{waiting['id']}@")
    office.rows = [{**MONTHLY, "valid_from": "2023-06-01", "unit": "H99"}]
    assert office.at(2023, 6, 4, 8, 0) == 0
    (unknown,) = (r for r in office.kept() if r["state"] == "waiting")
    assert "unit" in unknown["last_error"]
    assert office.at(2023, 6, 8, 8, 0) == 0
    assert {r["state"] for r in office.kept()} == {"sent", "failed"}


def test_what_was_missed_while_nothing_ran_is_made_up_and_lies_in_a_folder(office: Office) -> None:
    """From 3 June to 3 September nothing ran: three months and a quarter were due."""
    folder = {"valid_from": "2023-06-01", "outlet": "folder", "address": ""}
    quarterly = {"name": "Quý", "report": "06b", "every": "quarter", "unit": "H57.2"}
    office.rows = [{**MONTHLY, **folder}, {**MONTHLY, **folder, **quarterly}]
    assert office.at(2023, 8, 20, 12, 0) == 4
    assert sorted(p.name for p in office.folder.iterdir()) == [
        f"{name}.{form}"
        for name in ("06a-2023-05", "06a-2023-06", "06a-2023-07", "06b-2023-Q2-H57.2")
        for form in ("pdf", "xlsx")
    ]
    assert all(p.stat().st_size for p in office.folder.iterdir())


def test_a_closed_month_is_given_as_it_was_frozen(office: Office) -> None:
    office.hub.now = datetime(2023, 6, 2, tzinfo=UTC)
    close_month(office.hub)
    office.rows = [{**MONTHLY, "valid_from": "2023-06-01"}]
    assert office.at(2023, 6, 3, 8, 0) == 1
    pdf, _ = office.mails()[0].iter_attachments()
    page = pypdfium2.PdfDocument(pdf.get_content())[0].get_textpage().get_text_bounded()
    assert "chốt bởi An" in page


def test_a_schedule_runs_while_it_is_in_force_and_by_its_own_period() -> None:
    now = to_us(datetime(2023, 7, 10, tzinfo=UTC))
    ended = {**MONTHLY, "valid_to": "2023-07-01"}
    assert [r.period.text for r in due_runs([ended], now)] == ["2023-04", "2023-05"]
    weekly = {**MONTHLY, "every": "week", "valid_from": "2023-07-01", "days_after": "1"}
    assert [r.period.text for r in due_runs([weekly], now)] == ["2023-W26"]
    assert len({r.id for r in due_runs([MONTHLY, weekly], now)}) == 4


def test_what_is_due_next_is_what_will_be_given_next() -> None:
    """The first of what is not due yet, of each kind of period; what has ended is due no more."""
    now = to_us(datetime(2023, 7, 10, tzinfo=UTC))
    for row in (
        MONTHLY,
        {**MONTHLY, "days_after": "45"},
        {**MONTHLY, "every": "week", "days_after": "10"},
        {**MONTHLY, "every": "year"},
        {**MONTHLY, "every": "quarter", "valid_from": "2024-02-01"},
        {**MONTHLY, "valid_from": "2023-09-15"},
    ):
        following = next_run(row, now)
        assert following is not None
        assert following.due_at > now
        given = [r for r in due_runs([row], following.due_at) if r.due_at > now]
        assert given == [following]
    assert next_run({**MONTHLY, "valid_to": "2023-08-03"}, now) is None
    following = next_run({**MONTHLY, "valid_to": "2023-08-04"}, now)
    assert following is not None
    assert (following.period.text, iso(following.due_at)) == (
        "2023-07",
        "2023-08-03T08:00:00+07:00",
    )
