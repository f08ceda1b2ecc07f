"""The machine: disks, folders, private files, and certificates."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.access.certificates import ends_at
from hub.doctor.finding import Finding, good
from hub.settings import Settings

GIB = 2**30
FREE_NOTE, FREE_FAULT = 10 * GIB, GIB  # of a disk that the hub writes to
CERTIFICATE_NOTE = timedelta(30)


def of_machine(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Look at what a hub of these settings needs of its machine."""
    for name, folder in folders_of(settings).items():
        yield from of_folder(name, folder)
    if settings.archive_dir is None:
        yield Finding(
            "note",
            "HUB_ARCHIVE_DIR",
            "chưa có kho lưu trữ: mất đĩa là mất nhật ký",
            "there is no archive: with the disk the log is lost",
            "đặt HUB_ARCHIVE_DIR ở đĩa khác và chạy `hub archive` hằng ngày",
            "set HUB_ARCHIVE_DIR on another disk and run `hub archive` daily",
        )
    if settings.kafka_bootstrap and settings.spool_dir is None:
        yield Finding(
            "note",
            "HUB_SPOOL_DIR",
            "không có bộ đệm: khi Kafka ngừng, bên gửi bị từ chối (503)",
            "there is no spool: while Kafka is away senders are refused (503)",
            "đặt HUB_SPOOL_DIR trên đĩa bền",
            "set HUB_SPOOL_DIR on a disk that lasts",
        )
    yield from of_private_files(settings)
    for name, path in settings.certificates.items():
        yield from of_certificates(name, path, now)


def folders_of(settings: Settings) -> dict[str, Path]:
    """Give the folders that a hub of these settings writes to, by the setting."""
    folders = {
        "HUB_DATA_DIR": None if settings.kafka_bootstrap else settings.data_dir,
        "HUB_SPOOL_DIR": settings.spool_dir if settings.kafka_bootstrap else None,
        "HUB_ARCHIVE_DIR": settings.archive_dir,
    }
    return {name: folder for name, folder in folders.items() if folder is not None}


def of_folder(name: str, folder: Path) -> Iterator[Finding]:
    """Look whether a folder is there, can be written into, and has room."""
    if not folder.is_dir():
        yield Finding(
            "fault",
            name,
            f"không có thư mục {folder}",
            f"there is no folder {folder}",
            "tạo thư mục, hoặc gắn lại đĩa",
            "make the folder, or mount its disk again",
        )
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Finding(
            "fault",
            name,
            f"không ghi được vào {folder}",
            f"{folder} cannot be written into",
            "sửa quyền của thư mục cho người dùng chạy trục",
            "give the user that runs the hub the right to write there",
        )
        return
    free = shutil.disk_usage(folder).free
    vi, en = f"đĩa của {folder} còn {free / GIB:.1f} GiB", f"{free / GIB:.1f} GiB free at {folder}"
    if free >= FREE_NOTE:
        yield good(name, vi, en)
        return
    yield Finding(
        "fault" if free < FREE_FAULT else "note",
        name,
        vi,
        en,
        "dọn đĩa hoặc thêm đĩa: khi đầy, trục ngừng nhận",
        "clear or enlarge the disk: when it is full the hub takes nothing more",
    )


def of_private_files(settings: Settings) -> Iterator[Finding]:
    """Look whether others on the machine can read keys of signing and TLS, or a password."""
    folder = settings.signing_keys
    found = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    private = [path for path in found if "PRIVATE KEY" in _beginning(path)]
    named = (
        settings.tls_key,
        settings.kafka_key,
        settings.kafka_password_file,
        settings.oidc_client_secret_file,
    )
    for path in [*private, *(path for path in named if path is not None)]:
        if path.exists() and path.stat().st_mode & 0o077:
            yield Finding(
                "fault",
                str(path),
                "người dùng khác trên máy đọc được bí mật này",
                "others on this machine can read this secret",
                f"chmod 600 {path}; nếu máy có người dùng khác thì thay bí mật",
                f"chmod 600 {path}; where the machine has other users, replace the secret",
            )


def _beginning(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(64).decode("ascii", "replace")


def of_certificates(name: str, path: Path, now: datetime) -> Iterator[Finding]:
    """Look how long the certificates of a PEM file are valid; the one that ends first is told."""
    try:
        until = ends_at(path)
    except (OSError, ValueError) as error:
        yield Finding(
            "fault",
            name,
            f"không đọc được chứng thư ở {path}: {error}",
            f"no certificate can be read from {path}: {error}",
            "đặt lại tệp PEM",
            "put a PEM file there",
        )
        return
    day = until.astimezone(UTC).date().isoformat()
    if until - now >= CERTIFICATE_NOTE:
        yield good(name, f"chứng thư hết hạn ngày {day}", f"the certificate ends on {day}")
        return
    has_ended = until <= now
    yield Finding(
        "fault" if has_ended else "note",
        name,
        f"chứng thư {'đã' if has_ended else 'sắp'} hết hạn (ngày {day})",
        f"the certificate {'has ended' if has_ended else 'ends soon'} ({day})",
        "xin chứng thư mới, thay tệp, khởi động lại `hub serve`",
        "get a new certificate, replace the file, start `hub serve` again",
    )
