"""Settings that are misspelt or impossible, and places that are not there, are named at once."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.payments.connector import PaymentsSettings
from hub.cli import app
from hub.commands.console import settings_for_acting, settings_for_reading
from hub.http.serving import listen
from hub.settings import Settings, SettingsError, make_folder, read_own, read_settings


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("HUB_DATADIR", "HUB_DATA_DIR"),
        ("HUB_LISTN", "HUB_LISTEN"),
        ("HUB_KAFKA_BOOTSTRAP_SERVERS", "HUB_KAFKA_BOOTSTRAP"),
    ],
)
def test_a_slip_of_the_pen_is_named(monkeypatch: pytest.MonkeyPatch, name: str, meant: str) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError, match=f"{name} is no setting; is {meant} meant"):
        read_settings()


def test_what_others_set_is_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    connectors = ("HUB_TAX_FEES_PASSWORD_FILE", "HUB_LAND_REGISTRY_URL")
    for name in ("HUB_SERVICE_HOST", "HUB_PORT_8080_TCP_ADDR", "HUB_KEY", "HUB_URL", *connectors):
        monkeypatch.setenv(name, "x")
    assert read_settings() == Settings()


@pytest.mark.parametrize(
    "name",
    [
        "HUB_SESSION_SECONDS",
        "HUB_BODY_MIB_MAX",
        "HUB_REQUESTS_PER_SECOND_MAX",
        "HUB_BACKLOG_EVENTS_MAX",
        "HUB_KEYS_SECONDS_MAX",
        "HUB_BREAKER_SHARE_MAX",
        "HUB_ORIGINALS_DAYS",
    ],
)
def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "-1")
    with pytest.raises(SettingsError, match=f"^{name}='-1'"):
        read_settings()


def test_a_connectors_own_settings_are_all_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HUB_PAYMENTS_FOLDER", str(tmp_path))
    assert read_own("payments", PaymentsSettings).folder == tmp_path
    monkeypatch.setenv("HUB_PAYMENTS_FODLER", str(tmp_path))
    with pytest.raises(SettingsError, match=r"HUB_PAYMENTS_FODLER is no setting; there are HUB_"):
        read_own("payments", PaymentsSettings)


def test_where_no_hub_is_nothing_is_read_and_nothing_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "none"))
    assert settings_for_acting().data_dir == tmp_path / "none"
    with pytest.raises(SettingsError, match="none: không có thư mục này"):
        settings_for_reading()
    for command in ("kpi", "verify", "explain x"):
        found = CliRunner().invoke(app, command.split())
        assert isinstance(found.exception, SettingsError), command
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="file/x: không tạo được thư mục"):
        make_folder(tmp_path / "file" / "x")


def test_an_address_that_is_taken_is_named_before_it_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(SettingsError, match=f"HUB_LISTEN={taken}: không mở được"):
            listen(Settings(listen=taken))


def test_the_version_is_said() -> None:
    found = CliRunner().invoke(app, ["--version"])
    assert (found.exit_code, found.stdout) == (0, "0.1.0\n")
