"""Channels to people over real HTTP: tokens that are renewed, what is refused, hangs, is away."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.alerts.outlet import Bulletin, Message, NeverToldError, NotToldError, ShutError
from outlets.loudspeaker import outlet as loudspeaker
from outlets.sms import outlet as sms
from outlets.zns import outlet as zns
from outlets.zns import token
from tests.parts.channels import Channel, Loudspeakers, SmsGateway, Zns

TEXT = "Độ mặn tại Cống Đôi là 4,5 g/L, vượt 4 g/L từ 05:00 01/03/2023."
PARAMETERS = {
    "station": "Cống Đôi",
    "value": "4,5",
    "threshold": "4",
    "since": "05:00 01/03/2023",
}


def message(number: int = 0, template: str = "350123") -> Message:
    """Make the message of a bulletin."""
    own = ("man", template, "Xâm nhập mặn", TEXT, PARAMETERS, "28567", "critical")
    words = ("Xâm nhập mặn", (TEXT,), TEXT, "", ())
    return Message(f"id-{number}", 1_677_628_800_000_000, *words, bulletin=Bulletin(*own))


@pytest.fixture(autouse=True)
def _soon_left(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sms, zns, loudspeaker, token):
        monkeypatch.setattr(module, "SECONDS_MAX", 1.0)


@pytest.fixture
def service() -> Iterator[Zns]:
    opened = Zns()
    yield opened
    opened.close()


@pytest.fixture
def settings(service: Zns, tmp_path: Path) -> zns.ZnsSettings:
    (tmp_path / "secret").write_text("secret\n")
    (tmp_path / "token.json").write_text(json.dumps({"refresh_token": "refresh-0"}))
    return zns.ZnsSettings(
        url=service.url,
        renewal_url=service.renewal_url,
        app_id="1",
        secret_file=tmp_path / "secret",
        token_file=tmp_path / "token.json",
    )


def tell(settings: zns.ZnsSettings, number: int = 0, phone: str = "0901234567") -> None:
    zns.send(zns.write(message(number), phone), settings)


def through_all(channel: Channel, send: Any) -> None:
    """Send to one that refuses, hangs, is away, and comes back."""
    for manner in ("refuse", "hang", "away"):
        channel.manner = manner
        if manner == "away":
            channel.released.set()
            channel.stop()
        with pytest.raises(NotToldError) as error:
            send()
        vi, mark, en = str(error.value).partition(" | ")
        assert vi and mark and en  # noqa: PT018
    channel.manner = "take"
    channel.start()
    send()
    assert len(channel.taken) == 1


def test_zns_gets_number_template_and_parameters_under_a_token(
    service: Zns, settings: zns.ZnsSettings
) -> None:
    through_all(service, lambda: tell(settings))
    assert service.taken == [
        {
            "phone": "84901234567",
            "template_id": "350123",
            "template_data": PARAMETERS,
            "tracking_id": "id-0",
        }
    ]


def test_a_token_is_kept_renewed_in_time_and_after_a_restart(
    service: Zns, settings: zns.ZnsSettings, tmp_path: Path
) -> None:
    tell(settings)
    tell(settings, 1)
    assert service.given == 1  # one token for both
    kept = json.loads((tmp_path / "token.json").read_text())
    assert (kept["refresh_token"], kept["access_token"]) == ("refresh-1", "access-1")
    (tmp_path / "token.json").write_text(json.dumps({**kept, "ends_at": 0}))
    tell(settings, 2)  # it has ended: the kept refresh token works, once
    assert service.given == 2
    service.access_token = "another"  # taken back by the service, before its time
    tell(settings, 3)
    assert service.given == 3
    assert [t["tracking_id"] for t in service.taken] == [f"id-{n}" for n in range(4)]


def test_without_a_token_that_works_the_outlet_is_shut_and_says_what_to_do(
    service: Zns, settings: zns.ZnsSettings, tmp_path: Path
) -> None:
    for text in ("{}", '{"refresh_token": "spent"}', "no json"):
        (tmp_path / "token.json").write_text(text)
        with pytest.raises(ShutError, match="HUB_OUTLET_ZNS_TOKEN_FILE"):
            tell(settings)
    (tmp_path / "token.json").unlink()
    with pytest.raises(ShutError, match="HUB_OUTLET_ZNS_TOKEN_FILE"):
        tell(settings)
    assert service.taken == []


def test_a_folder_that_cannot_be_written_spends_no_token(
    service: Zns, settings: zns.ZnsSettings, tmp_path: Path
) -> None:
    (tmp_path / ".token.json.aside").mkdir()  # nothing can be laid there
    with pytest.raises(ShutError, match="cannot be"):
        tell(settings)
    assert service.refresh_token == "refresh-0"


def test_what_zns_says_decides_who_is_tried_again(service: Zns, settings: zns.ZnsSettings) -> None:
    service.without_account = {"84901234568"}
    with pytest.raises(NeverToldError, match="-118"):
        tell(settings, 1, "0901234568")
    service.is_night = True
    with pytest.raises(ShutError, match="-133") as night:
        tell(settings)
    assert night.value.until == "hours"
    service.is_night, service.quota = False, 0
    with pytest.raises(ShutError, match="-144") as used_up:
        tell(settings)
    assert used_up.value.until == "day"
    with pytest.raises(NotToldError, match="-109") as unknown:
        zns.send(zns.write(message(template="999"), "0901234567"), settings)
    assert not isinstance(unknown.value, NeverToldError | ShutError)


def test_loudspeakers_get_areas_class_and_schedule_and_one_id_once(tmp_path: Path) -> None:
    channel = Loudspeakers()
    (tmp_path / "token").write_text("loa\n")
    own = loudspeaker.LoudspeakerSettings(url=channel.url, token_file=tmp_path / "token")
    try:
        through_all(channel, lambda: loudspeaker.send(loudspeaker.write(message(), "28567"), own))
        loudspeaker.send(loudspeaker.write(message(), "28567"), own)  # it has it: as good as taken
        (said,) = channel.taken
        assert (said["areas"], said["urgency"], said["text"]) == (["28567"], "khan_cap", TEXT)
        assert said["schedule"]["times"] == 3
        with pytest.raises(NeverToldError, match="422"):
            loudspeaker.send(loudspeaker.write(message(1), "99999"), own)
        nobody = loudspeaker.LoudspeakerSettings(url=channel.url)
        with pytest.raises(ShutError, match="401"):
            loudspeaker.send(loudspeaker.write(message(2), "28567"), nobody)
    finally:
        channel.close()


def test_an_sms_gateway_gets_the_bulletin_whole_and_says_which_number_is_none() -> None:
    channel = SmsGateway()
    own = sms.SmsSettings(url=channel.url, sender="SoNNMT")
    try:
        sms.send(sms.write(message(), "0901234567"), own)
        (said,) = channel.taken
        assert said["from"] == "SoNNMT"
        assert said["text"] == "Do man tai Cong Doi la 4,5 g/L, vuot 4 g/L tu 05:00 01/03/2023."
        channel.known = {"0901234567"}
        with pytest.raises(NeverToldError, match="422"):
            sms.send(sms.write(message(1), "0901234568"), own)
    finally:
        channel.close()
