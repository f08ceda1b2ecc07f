"""E-mail: plain text over SMTP (RFC 5321), with TLS where the server has it or the setting asks."""

import json
import re
import smtplib
import ssl
from base64 import b64decode, b64encode
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import format_datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.alerts.outlet import (
    SECONDS_MAX,
    AddressError,
    Message,
    NotToldError,
    Outlet,
    Written,
    read_secret,
)
from hub.clock import from_us
from hub.definitions.contract import Doc

ADDRESS = re.compile(r"[^@\s<>,;:\"]+@[A-Za-z0-9.-]+")


class MailSettings(BaseSettings):
    """How to reach the SMTP server.

    `server`: `host:port`; without it nothing is sent. `sender`: the address that mail comes from.
    `tls`: `starttls`, `tls` from the first byte, or `none` for a server on this machine.
    `user`, `password_file`: where the server asks for them.
    """

    model_config = SettingsConfigDict(extra="ignore")

    server: Annotated[str, Field(pattern=r"^([^:\s]+:\d{1,5})?$")] = ""
    sender: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] = "hub@localhost"
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_file: Path | None = None


def write(message: Message, address: str) -> Written:
    """Write the parts of an e-mail; the address is that of one recipient."""
    if not ADDRESS.fullmatch(address):
        raise AddressError(
            f"{address!r}: cần một địa chỉ thư như ten@tinh.gov.vn | expected one e-mail address"
        )
    files = [
        {"name": name, "media": media, "base64": b64encode(content).decode("ascii")}
        for name, media, content in message.files
    ]
    return {
        "to": address,
        "id": message.id,
        "date": format_datetime(from_us(message.written_at)),
        "subject": " ".join(message.title.split()),
        "body": "\n".join(message.lines) + "\n",
        **({"files": json.dumps(files)} if files else {}),
    }


def _mail(written: Written, sender: str) -> EmailMessage:
    """Make the e-mail; its Message-ID is the message's id, by which repeats are known."""
    mail = EmailMessage(POLICY)
    mail["From"] = sender
    mail["To"] = written["to"]
    mail["Date"] = written["date"]
    mail["Subject"] = written["subject"]
    mail["Message-ID"] = f"<{written['id']}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    mail.set_content(written["body"])
    for file in json.loads(written.get("files", "[]")):
        kind, _, subtype = file["media"].partition("/")
        content = b64decode(file["base64"])
        mail.add_attachment(content, maintype=kind, subtype=subtype, filename=file["name"])
    return mail


def send(written: Written, settings: MailSettings) -> None:
    """Hand it to the server, which says that it has taken it."""
    if not settings.server:
        raise NotToldError("chưa đặt HUB_OUTLET_MAIL_SERVER | it is not set")
    host, _, port = settings.server.rpartition(":")
    password = read_secret(settings.password_file)
    context = ssl.create_default_context()
    try:
        if settings.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, int(port), timeout=SECONDS_MAX, context=context
            )
        else:
            server = smtplib.SMTP(host, int(port), timeout=SECONDS_MAX)
        with server:
            if settings.tls == "starttls":
                server.starttls(context=context)
            if settings.user:
                server.login(settings.user, password)
            server.send_message(_mail(written, settings.sender))
    except smtplib.SMTPResponseException as error:
        raise NotToldError(f"máy chủ thư từ chối | it was refused: {error.smtp_code}") from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = ", ".join(str(code) for code, _ in error.recipients.values())
        raise NotToldError(f"máy chủ thư từ chối người nhận | it was refused: {codes}") from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotToldError(f"không gửi được | cannot be sent: {type(error).__name__}") from None


OUTLET = Outlet(title=Doc("Thư điện tử", "E-mail"), settings=MailSettings, write=write, send=send)
