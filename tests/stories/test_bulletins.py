"""People are told in approved words by SMS, an official account and loudspeakers; through kill -9.

The three providers are run over real HTTP; each refuses, hangs and is away before it takes.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stream_jobs.worked import salinity
from tests.parts import lists
from tests.parts.channels import Channel, Loudspeakers, SmsGateway, Zns
from tests.parts.waiting import until
from tests.stories.conftest import Served
from tests.stories.test_outlets import minutes_ago

OWNER = "Giám đốc Sở"
TEXT = "Độ mặn tại {station} là {value} g/L, vượt {threshold} g/L từ {since}."
COMMUNES = {"28567": 4, "28570": 3}  # subscribers by SMS and ZNS, in each


def phone(area: str, number: int) -> str:
    return f"09{area}{number:03}"


def subscribers() -> str:
    """Write who is told: by SMS and ZNS some of each commune, and its loudspeakers."""
    lines = ["code,area,outlet,address,agreed_on"]
    for area, count in COMMUNES.items():
        for outlet in ("sms", "zns"):
            lines += [
                f"nd-{area}-{n},{area},{outlet},{phone(area, n)},2023-01-01" for n in range(count)
            ]
        lines.append(f"loa-{area},{area},loudspeaker,{area},2023-01-01")
    return "\n".join(lines) + "\n"


def tables(folder: Path) -> None:
    outlets = ("sms", "zns", "loudspeaker")
    head = "rule,kind,subject,area,outlet,wording,quiet_from,quiet_until,passes,"
    rows = [f"salinity_over_4,raised,,{a},{o},man,,,," for a in COMMUNES for o in outlets]
    text = "".join(f"{r}2020-01-01,,\n" for r in rows)
    (folder / "bulletins.csv").write_text(f"{head}valid_from,valid_to,source\n{text}", "utf-8")
    head = "name,outlet,owner,title,text,template,valid_from,valid_to,source\n"
    words = "".join(
        f'man,{o},{OWNER},Xâm nhập mặn,"{TEXT}",{"350123" if o == "zns" else ""},2020-01-01,,\n'
        for o in outlets
    )
    (folder / "wordings.csv").write_text(head + words, "utf-8")


class Province:
    """A hub, its people, and the providers of three channels."""

    def __init__(self, folder: Path) -> None:
        self.sms, self.zns, self.loudspeakers = SmsGateway(), Zns(), Loudspeakers()
        self.channels: tuple[Channel, ...] = (self.sms, self.zns, self.loudspeakers)
        reference = folder / "lists"
        shutil.copytree(lists.FOLDER, reference)
        tables(reference)
        for name, text in (
            ("subscribers.csv", subscribers()),
            ("secret", "secret\n"),
            ("loa", "loa\n"),
            ("token.json", '{"refresh_token": "refresh-0"}'),
        ):
            (folder / name).write_text(text, "utf-8")
        self.hub = Served(folder / "hub")
        self.hub.env |= {
            "HUB_REFERENCE_DIR": str(reference),
            "HUB_SUBSCRIBERS_FILE": str(folder / "subscribers.csv"),
            "HUB_OUTLET_SMS_URL": self.sms.url,
            "HUB_OUTLET_ZNS_URL": self.zns.url,
            "HUB_OUTLET_ZNS_RENEWAL_URL": self.zns.renewal_url,
            "HUB_OUTLET_ZNS_APP_ID": "1",
            "HUB_OUTLET_ZNS_SECRET_FILE": str(folder / "secret"),
            "HUB_OUTLET_ZNS_TOKEN_FILE": str(folder / "token.json"),
            "HUB_OUTLET_ZNS_HOURS": "",
            "HUB_OUTLET_LOUDSPEAKER_URL": self.loudspeakers.url,
            "HUB_OUTLET_LOUDSPEAKER_TOKEN_FILE": str(folder / "loa"),
        }
        self.hub.start()
        self.hub.create_key()

    def be(self, manner: str) -> None:
        """Let all three take, refuse, hang or be away from now on."""
        for channel in self.channels:
            channel.released.set()
            if manner == "away":
                channel.stop()
            elif channel.server is None:
                channel.start()
            if manner == "hang":
                channel.released.clear()
            channel.manner = manner

    def deliveries(self, state: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.hub.get("/v1/deliveries").json()["deliveries"]
        return [d for d in found if d["wording"] and state in ("", d["state"])]

    def until_met(self) -> None:
        """Wait until the hub has sent something more to anybody."""
        seen = sum(len(c.seen) for c in self.channels)
        until(lambda: sum(len(c.seen) for c in self.channels) > seen, "it was met")

    def came(self) -> Counter[str]:
        """Count what the providers took, by its id."""
        ids = [t["id"] for t in self.sms.taken] + [t["id"] for t in self.loudspeakers.taken]
        return Counter(ids + [t["tracking_id"] for t in self.zns.taken])


@pytest.fixture
def province(tmp_path: Path) -> Iterator[Province]:
    opened = Province(tmp_path)
    yield opened
    if opened.hub.process is not None and opened.hub.process.poll() is None:
        opened.hub.kill()
    for channel in opened.channels:
        channel.close()


def test_nobody_is_told_twice_under_two_ids_and_nobody_untold_through_kill_9(
    province: Province,
) -> None:
    hub, wanted = province.hub, 2 * sum(COMMUNES.values()) + len(COMMUNES)
    assert hub.post("reading", [salinity("ST01", minutes_ago(5), 6.1)]).status_code == 202
    until(lambda: len(province.deliveries("waiting")) == wanted, "it is decided whom to tell")
    unapproved = [d["last_error"] for d in province.deliveries("waiting") if d["last_error"]]
    until(lambda: all(d["last_error"] for d in province.deliveries("waiting")), "and why not yet")
    assert all("chưa được duyệt" in why for why in unapproved)
    assert not any(channel.seen for channel in province.channels)

    # A dry run says exactly who would be told, and sends nothing; then the words are approved.
    (alert,) = {d["alert"] for d in province.deliveries()}
    for outlet in ("sms", "zns", "loudspeaker"):
        done = hub.run("bulletins", "approve", "man", outlet, "--by", OWNER)
        assert done.returncode == 0, done.stderr
        if outlet == "sms":
            province.be("away")  # from here on nobody takes anything
    foreseen = json.loads(hub.run("bulletins", "preview", alert, "--json").stdout)
    decided = {(d["recipient"], d["outlet"]) for d in province.deliveries()}
    assert {(f["recipient"], f["outlet"]) for f in foreseen} == decided
    assert all(not f["why_not"] for f in foreseen)
    assert "Do man tai" in next(f["text"] for f in foreseen if f["outlet"] == "sms")

    for manner in ("away", "refuse", "hang"):
        province.be(manner)
        if manner == "away":
            until(lambda: [d for d in province.deliveries() if d["tries"]], "it was tried")
        else:
            province.until_met()
        hub.kill()
        hub.start()
    province.be("take")
    until(lambda: sum(province.came().values()) >= 3, "some are told")
    hub.kill()  # while it tells
    hub.start()
    until(lambda: len(province.deliveries("sent")) == wanted, "all are told")
    assert set(province.came()) == {d["id"] for d in province.deliveries()}
    # A repeat after the kill has the id and the words of the first; loudspeakers read it out once.
    texts: dict[str, set[str]] = {}
    for said in province.sms.taken:
        texts.setdefault(said["id"], set()).add(json.dumps(said))
    assert all(len(bodies) == 1 for bodies in texts.values())
    assert len({t["id"] for t in province.loudspeakers.taken}) == len(COMMUNES)
    phones = {phone(a, n) for a, count in COMMUNES.items() for n in range(count)}
    assert {t["to"] for t in province.sms.taken} == phones
    assert {f"0{t['phone'][2:]}" for t in province.zns.taken} == phones

    # Nothing waits, nothing is told once more; and no telephone number is anywhere in the hub.
    told = province.came()
    hub.kill()
    hub.start()
    assert province.deliveries("waiting") == []
    assert province.came() == told
    kept = b"".join(f.read_bytes() for f in hub.folder.rglob("*") if f.is_file())
    assert not any(p.encode() in kept or f"84{p[1:]}".encode() in kept for p in phones)


def test_what_a_person_types_wrong_is_answered_clearly(province: Province) -> None:
    hub = province.hub
    other = hub.run("bulletins", "approve", "man", "sms", "--by", "Ai đó")
    assert other.returncode == 2
    assert OWNER in other.stderr
    none = hub.run("bulletins", "approve", "mann", "sms", "--by", OWNER)
    assert (none.returncode, "mann" in none.stderr) == (1, True)
    seen = hub.run("doctor").stdout
    assert "man (loudspeaker), man (sms), man (zns)" in seen
    listed = hub.run("bulletins", "wordings").stdout
    assert listed.count("CHƯA DUYỆT") == 3
    odd = hub.run("bulletins", "preview", "--rule", "salinity_over_5", "--subject", "ST01")
    assert odd.returncode == 2
    unapproved = hub.run("bulletins", "preview", "--rule", "salinity_over_4", "--subject", "ST01")
    assert unapproved.stdout.count("KHÔNG GỬI") == 16
    file = Path(hub.env["HUB_SUBSCRIBERS_FILE"])
    assert "16 người nhận" in hub.run("bulletins", "check").stdout
    text = file.read_text("utf-8")
    file.write_text(text + f"nd-x,28567,sms,{phone('28567', 0)},2023-01-01\n", "utf-8")
    twice = hub.run("bulletins", "check")
    assert twice.returncode == 1
    assert "subscribers.csv:18" in twice.stderr
    assert phone("28567", 0) not in twice.stderr
    assert "fault  subscribers: subscribers.csv:18" in hub.run("doctor").stdout
