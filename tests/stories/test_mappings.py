"""A bank with its own headers: a draft, a clerk's confirmation, and a file that is read by it."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.sheets.mapping import mapping_of
from tests.parts.waiting import until
from tests.stories.conftest import Served
from tests.unit.sheets.test_mapping import BANK, ROWS, as_csv

FILE = as_csv(*ROWS)


@pytest.fixture
def bank(served: Served) -> str:
    return served.create_key("NH A", "--contracts", "payment", "--reporters", "NH01")


def ask(served: Served, method: str, path: str, key: str, **more: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.request(method, f"{served.url}{path}", headers=headers, timeout=30, **more)


def without(name: str) -> dict[str, Any]:
    return {k: v for k, v in BANK.items() if k != name}


def test_a_file_is_read_once_its_mapping_is_confirmed(served: Served, bank: str) -> None:
    refused = ask(served, "POST", "/v1/files/payment", bank, content=FILE)
    assert (refused.status_code, refused.json()["title"]) == (400, "missing_header")
    draft = ask(served, "POST", "/v1/mappings/payment/propose", bank, content=FILE).json()
    assert draft["mapping"]["sender"] == "NH A"
    assert any(d["is_open"] for d in draft["doubts"])
    assert {f["field"] for f in draft["fields"]} >= {"reporter", "amount_vnd"}
    undecided = ask(served, "PUT", "/v1/mappings/payment", bank, json=draft["mapping"])
    assert (undecided.status_code, undecided.json()["title"]) == (422, "mapping_refused")
    assert {f["rule"] for f in undecided.json()["faults"]} == {"undecided"}
    confirmed = ask(served, "PUT", "/v1/mappings/payment", bank, json=without("sender")).json()
    assert confirmed["digest"] == mapping_of(BANK).digest
    assert (confirmed["confirmed_by"], confirmed["is_in_force"]) == ("NH A", True)

    def listed() -> list[dict[str, Any]]:
        answer = ask(served, "GET", "/v1/mappings", bank).json()
        mappings: list[dict[str, Any]] = answer["mappings"]
        return mappings

    until(lambda: len(listed()) == 1, "the mapping is in force")
    tried = ask(served, "POST", "/v1/files/payment?dry_run=1", bank, content=FILE).json()
    assert (tried["accepted"], tried["mapping"]) == (2, confirmed["digest"])
    sent = ask(served, "POST", "/v1/files/payment", bank, content=FILE)
    assert (sent.status_code, sent.json()["accepted"]) == (202, 2)
    assert sent.json()["mapping"] == confirmed["digest"]
    assert confirmed["digest"] in sent.json()["understood"][0]["message_vi"]
    receipt = ask(served, "GET", f"/v1/receipts/{sent.json()['receipt']}", bank).json()
    assert receipt["answer"]["mapping"] == confirmed["digest"], "a number can prove how it was read"
    changed = {**BANK, "always": {"area": "H57", "revision": "1"}}
    assert ask(served, "PUT", "/v1/mappings/payment", bank, json=changed).status_code == 200
    until(lambda: [m["is_in_force"] for m in listed()] == [True, False], "the second is in force")
    old = ask(served, "GET", f"/v1/mappings/payment?digest={confirmed['digest']}", bank).json()
    assert mapping_of(old["mapping"]) == mapping_of(BANK)
    served.settle()
    assert served.run("verify").returncode == 0, "mappings are events as all others"


def test_a_sender_has_its_own_mapping_alone_and_an_officer_all(served: Served, bank: str) -> None:
    other = served.create_key("NH B", "--contracts", "payment", "--reporters", "NH02")
    officer = served.create_key("cán bộ", "--all", "--officer")
    path = "/v1/mappings/payment?sender=NH A"
    body = without("sender")
    assert ask(served, "PUT", path, other, json=body).json()["title"] == "officer_needed"
    assert ask(served, "PUT", path, officer, json=body).status_code == 200
    until(
        lambda: len(ask(served, "GET", "/v1/mappings", bank).json()["mappings"]) == 1,
        "the mapping is in force",
    )
    assert ask(served, "GET", "/v1/mappings", other).json()["mappings"] == []
    assert ask(served, "GET", path, other).json()["title"] == "officer_needed"
    assert ask(served, "GET", path, officer).json()["confirmed_by"] == "cán bộ"
    assert ask(served, "POST", "/v1/files/payment", other, content=FILE).status_code == 400
    assert ask(served, "POST", "/v1/files/payment", bank, content=FILE).status_code == 202
    reading = served.create_key("trạm", "--contracts", "reading", "--stations", "ST01")
    denied = ask(served, "PUT", "/v1/mappings/payment", reading, json=body)
    assert denied.json()["title"] == "contract_not_allowed"
    assert httpx.put(f"{served.url}{path}", json=body, timeout=30).status_code == 401
    wrong = {**BANK, "sender": "NH B"}
    assert ask(served, "PUT", path, officer, json=wrong).json()["title"] == "other_sender"
    for broken in (b"[", b"[]", b'{"columns": 1}', b'"x"'):
        answer = ask(served, "PUT", "/v1/mappings/payment", bank, content=broken)
        assert answer.status_code in (400, 422)
        assert answer.json()["message_vi"] != answer.json()["message_en"]
    absent = ask(served, "GET", "/v1/mappings/dossier", bank)
    assert (absent.status_code, absent.json()["title"]) == (404, "unknown_mapping")


def test_the_command_drafts_checks_and_confirms(served: Served, tmp_path: Path) -> None:
    file, mapping = tmp_path / "mau.csv", tmp_path / "nh-a.toml"
    file.write_bytes(FILE)
    options = ("--contract", "payment", "--sender", "NH A")
    drafted = served.run("map", "propose", str(file), *options)
    assert drafted.returncode == 0
    assert "CHƯA RÕ" in drafted.stderr
    mapping.write_text(drafted.stdout, "utf-8")
    refused = served.run("map", "confirm", str(mapping))
    assert refused.returncode == 1
    assert "undecided" in refused.stdout
    columns = "".join(
        "[[columns]]\n" + "".join(f'{k} = "{v}"\n' for k, v in c.items()) for c in BANK["columns"]
    )
    words = "".join(
        f"[words.{name}]\n" + "".join(f'"{w}" = "{c}"\n' for w, c in said.items())
        for name, said in BANK["words"].items()
    )
    head = 'contract = "payment"\nsender = "NH A"\npassed_over = ["Người lập"]\n'
    always = '[always]\narea = "H57"\nrevision = "0"\n'
    mapping.write_text(head + columns + always + words, "utf-8")
    checked = served.run("check", str(file), "--contract", "payment", "--mapping", str(mapping))
    assert (checked.returncode, "2 accepted" in checked.stdout) == (0, True)
    assert served.run("check", str(file), *options).returncode == 2, "it is not confirmed yet"
    confirmed = served.run("map", "confirm", str(mapping))
    assert confirmed.stdout.split("\t")[-1].strip() == mapping_of(BANK).digest
    until(lambda: served.run("check", str(file), *options).returncode == 0, "it is in force")
    shown = served.run("map", "show", *options)
    assert 'header = "Cách trả"' in shown.stdout
    history = served.run("map", "show").stdout
    assert history.startswith("in force\tpayment\tNH A\t")
