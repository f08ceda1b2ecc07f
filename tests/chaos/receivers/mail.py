"""A mail server. Beside alerts it is given scheduled reports, which have files."""

from collections import defaultdict
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tests.chaos.receiving import Came, Receiving
from tests.parts.receivers import SmtpReceiver


class Mail(Receiving):
    """Takes e-mail."""

    address = "a@tinh.gov.vn"

    def __init__(self, folder: Path) -> None:
        smtp = SmtpReceiver()
        super().__init__(smtp, folder)
        self.env = {
            "HUB_OUTLET_MAIL_SERVER": smtp.server,
            "HUB_OUTLET_MAIL_SENDER": "hub@tinh.gov.vn",
            "HUB_OUTLET_MAIL_TLS": "none",
        }

    def came(self) -> Came:
        """Give what came of alerts."""
        found: Came = defaultdict(set)
        for name, content, message in self._mails():
            if not list(message.iter_attachments()):
                found[name].add(content)
        return found

    def reports(self) -> dict[str, list[EmailMessage]]:
        """Give what came of reports, by id, as often as it came."""
        found: dict[str, list[EmailMessage]] = defaultdict(list)
        for name, _, message in self._mails():
            if list(message.iter_attachments()):
                found[name].append(message)
        return found

    def _mails(self) -> Iterator[tuple[str, bytes, EmailMessage]]:
        for envelope in self.receiver.taken:
            message = message_from_bytes(envelope.content, policy=policy.default)
            name = str(message["Message-ID"]).strip("<>").partition("@")[0]
            yield name, envelope.content, message


STRUCK = Mail
