"""People sign in at a real OpenID provider; what they may do goes by role, route and unit."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from hub.access import roles
from hub.http.provider import accepted
from hub.http.signed_in import SignInError
from hub.settings import SettingsError, read_settings
from stream_jobs.worked import dossier, received, salinity
from tests.laws.test_files import as_csv
from tests.parts.pushed import Pushed, pushed
from tests.parts.sign_on import (
    AT,
    ORIGIN,
    SignOn,
    agree,
    leave,
    let_in,
    person,
    settings_of,
    sign_in,
    sign_on,
)

THEIRS = {"received_by": "H57.2", "resolved_by": None}
FROM_PAGE = {**AT, "Origin": ORIGIN}
# Who: group of the sign-on, role, unit, sender.
PEOPLE = {
    "lan": ("lanh-dao", "leader", "", ""),
    "phuc": ("phan-tich", "analyst", "", ""),
    "dung": ("du-lieu", "data_officer", "", ""),
    "hoa": ("so-tu-phap", "department", "H57.1", "H57.1"),
    "binh": ("so-khac", "department", "H57.2", ""),
    "van": ("van-hanh", "operator", "", ""),
    "kiem": ("thanh-tra", "auditor", "", ""),
    "minh": ("lanh-dao-so", "leader", "H57.1", ""),
}
KNOWN = [person(name, who) for name, (who, *_) in PEOPLE.items()]
# What the province wants, by first letters of roles: l(eader), a(nalyst), d(ata officer),
# u(nit's department), o(perator), t (auditor). Written by hand beside the table in the code.
WANTED = {
    "laduot": """GET /v1/kpis, /v1/kpis/dossier_received_new, /v1/stream?limit=1, /v1/catalogue,
        /v1/contracts, /v1/templates/dossier.csv, /v1/templates/dossier.xlsx, /v1/lists,
        /v1/periods, /v1/reports, /v1/reports/06a, /v1/reports/766, /v1/sources, /v1/stations,
        /v1/stations/ST01, /v1/branches, /v1/alerts, /v1/alerts/rules, /v1/alerts/x, /v1/missing,
        /v1/sources/H57.1/complete, /v1/exchanges""",
    "ladut": """GET /v1/kpis/dossier_received_new/facts, /v1/reports/06a/facts?column=c1,
        /v1/reports/766/facts?column=rule.unsynced, /v1/lists/overdue, /v1/findings, /v1/flags,
        /v1/evidence/dossier_received_new, /v1/periods/2023-05/restatements""",
    "dut": """GET /v1/quarantine, /v1/quarantine/rows/dossier, /v1/receipts/x,
        /v1/receipts/x/errors.csv, /v1/held, /v1/mappings, /v1/mappings/dossier""",
    "du": """POST /v1/quarantine/corrections/dossier, /v1/quarantine/fix, /v1/quarantine/try,
        /v1/quarantine/replay, /v1/quarantine/discard, /v1/mappings/dossier/propose""",
    "u": "POST /v1/files/dossier, /v1/declarations/dossier",
    "ldo": "POST /v1/alerts/x/acknowledge, /v1/alerts/x/comment",
    "ldot": "GET /v1/deliveries",
    "dot": "GET /v1/systems",
    "": "POST /v1/events/dossier",
}
LETTERS = {"lan": "l", "phuc": "a", "dung": "d", "hoa": "u", "van": "o", "kiem": "t"}
MATRIX = [
    (words.split()[0], path.strip(), letters)
    for letters, words in WANTED.items()
    for path in words.split(maxsplit=1)[1].split(",")
]


@pytest.fixture(scope="module")
def provider() -> Iterator[SignOn]:
    """The province's sign-on."""
    with sign_on(*KNOWN, person("khach", "khong-ai-biet")) as running:
        yield running


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, provider: SignOn) -> Iterator[Pushed]:
    """A hub on loopback with dossiers of two units, readings, and what was rejected."""
    folder = tmp_path_factory.mktemp("signed-in")
    with pushed(folder / "hub", **settings_of(provider, folder)) as opened:
        names = ("who", "role", "unit", "sender")
        let_in(opened.hub, *(dict(zip(names, row, strict=True)) for row in PEOPLE.values()))
        opened.send("dossier", received("OURS", "2023-05-02") | {"resolved_by": None})
        opened.send("dossier", received("THEIRS", "2023-05-02") | THEIRS)
        opened.send("dossier", dossier("ODD", "processing", "2023-05-02"))
        opened.send("reading", salinity("ST01", "2023-05-03", 4.5))
        for sender in ("H57.1", "province"):
            opened.post("/v1/events/dossier", {"kind": "received"}, sender)
        yield opened


@pytest.fixture(scope="module")
def cookies(hub: Pushed) -> dict[str, dict[str, str]]:
    """The header by which each person's browser shows that they are signed in."""
    found = {}
    for name in PEOPLE:
        answer = sign_in(hub, name)
        assert answer.headers["location"] == "/", name
        found[name] = {**AT, "Cookie": f"hub_session={answer.cookies['hub_session']}"}
        hub.forget_cookies()
    return found


def rule(answer: Any) -> str:
    """Give what refused a request; empty where nothing did."""
    return answer.json()["title"] if answer.status_code in (401, 403) else ""


@pytest.mark.parametrize("name", LETTERS)
def test_a_role_may_what_the_matrix_says(
    hub: Pushed, cookies: dict[str, dict[str, str]], name: str
) -> None:
    for method, path, letters in MATRIX:
        headers = {**cookies[name], "Origin": ORIGIN}
        if method == "GET":
            answer = hub.ask(path, headers=headers)
        else:
            answer = hub.post(path, {}, "", headers)
        is_let_in = rule(answer) not in ("unauthorized", "role_not_allowed", "cross_site")
        assert is_let_in is (LETTERS[name] in letters), (name, method, path, answer.text)


def test_the_matrix_has_every_right_that_is_not_public() -> None:
    filled = {right.title.en for right in roles.RIGHTS if not right.is_public}
    for method, path, _ in MATRIX:
        for right in roles.RIGHTS:
            forms = [re.sub(r"\\{\w+\\}", "[^/]+", re.escape(r)) for r in right.routes]
            if any(re.fullmatch(f, f"{method} {path.partition('?')[0]}") for f in forms):
                filled.discard(right.title.en)
    assert filled == {"Metrics of operation"}  # Prometheus's, tested in test_sight


FACTS = (
    "/v1/kpis/dossier_received_new/facts?period=2023",
    "/v1/evidence/dossier_received_new?period=2023",
    "/v1/reports/06a/facts?period=2023&column=c1",
    "/v1/findings?period=2023",
    "/v1/lists/overdue?period=2023",
)


@pytest.mark.parametrize("path", FACTS)
def test_another_units_dossiers_are_refused_by_name(
    hub: Pushed, cookies: dict[str, dict[str, str]], path: str
) -> None:
    for name in ("hoa", "minh"):
        other = hub.ask(f"{path}&unit=H57.2", headers=cookies[name])
        assert (other.status_code, rule(other)) == (403, "unit_not_allowed"), other.text
        assert "H57.2" in other.json()["message_vi"]
        assert "H57.1" in other.json()["message_vi"]
        assert hub.ask(f"{path}&unit=H57.1", headers=cookies[name]).status_code == 200
    assert hub.ask(f"{path}&unit=H57.2", headers=cookies["binh"]).status_code == 200
    assert hub.ask(f"{path}&unit=H57.2", headers=cookies["lan"]).status_code == 200


def test_dossiers_are_of_ones_own_unit_and_figures_of_the_province(
    hub: Pushed, cookies: dict[str, dict[str, str]]
) -> None:
    def entities(name: str) -> list[str]:
        rows = hub.ask(FACTS[0], headers=cookies[name]).json()["facts"]
        return sorted(r["entity"] for r in rows)

    assert {name: entities(name) for name in ("lan", "hoa", "minh", "binh", "kiem")} == {
        "lan": ["OURS", "THEIRS"],
        "hoa": ["OURS"],
        "minh": ["OURS"],
        "binh": ["THEIRS"],
        "kiem": ["OURS", "THEIRS"],
    }
    for name in ("lan", "hoa", "binh", "van"):
        asked = "/v1/kpis/dossier_received_new?period=2023&by=unit"
        figures = hub.ask(asked, headers=cookies[name]).json()["figures"]
        assert {f["dims"]["unit"]: f["numerator"] for f in figures} == {"H57.1": 1, "H57.2": 1}
    shown = hub.ask(FACTS[0], headers=cookies["lan"])
    assert shown.headers["cache-control"] == "private, no-store"
    # Single readings are of no unit.
    salt = hub.ask("/v1/kpis/salinity_mean/facts?period=2023", headers=cookies["hoa"])
    assert rule(salt) == "contract_not_allowed"


def test_rejected_items_are_the_departments_own_and_everybodys_for_officer_and_auditor(
    hub: Pushed, cookies: dict[str, dict[str, str]]
) -> None:
    def senders(name: str) -> set[str]:
        items = hub.ask("/v1/quarantine", headers=cookies[name]).json()["items"]
        return {i["sender"] for i in items}

    assert senders("hoa") == {"H57.1"}
    assert senders("binh") == set()
    assert senders("dung") == senders("kiem") == {"H57.1", "province"}
    # An auditor sees that something was rejected and why, not the original.
    items = hub.ask("/v1/quarantine", headers=cookies["kiem"]).json()["items"]
    assert {i["content"] for i in items} == {None}
    tried = hub.post("/v1/quarantine/try", {"ids": ["x"]}, "", from_page(cookies["binh"]))
    assert rule(tried) == "sender_needed"


def test_a_departments_person_sends_files_as_its_key_within_its_units(
    hub: Pushed, cookies: dict[str, dict[str, str]]
) -> None:
    sent = received("FILE", "2022-05-03") | {"resolved_by": None}
    rows = [sent, sent | {"event_id": "other", "dossier_code": "OTHER", **THEIRS}]
    answer = hub.post("/v1/files/dossier", as_csv(rows), "", from_page(cookies["hoa"]))
    assert answer.status_code == 202, answer.text
    assert [r["rule"] for r in answer.json()["rejected"]] == ["unit_not_allowed"]
    receipt = f"/v1/receipts/{answer.json()['receipt']}"
    shown = {who: hub.ask(receipt, who).status_code for who in ("H57.1", "province")}
    assert shown == {"H57.1": 200, "province": 404}
    assert hub.ask(receipt, headers=cookies["hoa"]).status_code == 200
    noted = [r[5] for r in hub.hub.audit().rows() if r[2] == "H57.1"]
    assert any("sso:hoa" in detail for detail in noted)


def from_page(shown: dict[str, str]) -> dict[str, str]:
    """Give a browser's headers for what a page of the hub posts."""
    return {**shown, "Origin": ORIGIN}


def test_another_site_cannot_act_for_who_is_signed_in(
    hub: Pushed, cookies: dict[str, dict[str, str]]
) -> None:
    for origin in ("", "https://evil.example", "null", ORIGIN + "0", "https://127.0.0.1:8080"):
        headers = {**cookies["dung"], **({"Origin": origin} if origin else {})}
        for path in ("/v1/quarantine/discard", "/v1/alerts/x/acknowledge", "/sign-out"):
            assert rule(hub.post(path, {}, "", headers)) == "cross_site", (origin, path)
    own = hub.post("/v1/quarantine/try", {"ids": ["x"]}, "", from_page(cookies["dung"]))
    assert own.json()["title"] == "unknown_item"
    # A key is shown by no browser on its own.
    assert hub.post("/v1/quarantine/try", {"ids": ["x"]}, "officer", AT).status_code == 404


def test_the_cookie_is_kept_from_scripts_and_other_sites(hub: Pushed) -> None:
    answer = sign_in(hub, "lan", "/reports?period=2023")
    assert answer.headers["location"] == "/reports?period=2023"
    (kept,) = [c for c in answer.headers.get_list("set-cookie") if c.startswith("hub_session=")]
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=28800"} <= set(kept.split("; "))
    assert "Secure" not in kept
    assert answer.headers["cache-control"] == "no-store"
    hub.forget_cookies()


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "/\\evil.example", "x"])
def test_one_comes_back_to_a_page_of_the_hub_alone(hub: Pushed, to: str) -> None:
    assert sign_in(hub, "lan", to).headers["location"] == "/"
    hub.forget_cookies()


def test_signing_in_again_gives_another_session_and_ends_the_one_before(hub: Pushed) -> None:
    first = sign_in(hub, "lan").cookies["hub_session"]
    second = sign_in(hub, "van").cookies["hub_session"]
    hub.forget_cookies()
    assert first != second
    assert me(hub, first) is None
    assert me(hub, second)["roles"] == [
        {"id": "operator", "title_vi": "Vận hành", "title_en": "Operator"}
    ]
    out = hub.post("/sign-out", {}, "", {**FROM_PAGE, "Cookie": f"hub_session={second}"})
    assert "/oauth2/end_session?" in out.json()["sign_out_at"]
    assert me(hub, second) is None
    hub.forget_cookies()


def me(hub: Pushed, secret: str) -> Any:
    """Ask who is signed in by a secret."""
    shown = {**AT, "Cookie": f"hub_session={secret}"}
    return hub.ask("/sign-in/me", headers=shown).json()["person"]


def refused(hub: Pushed, answer: Any) -> str:
    """Give why a sign-in was refused; nobody is signed in by it."""
    hub.forget_cookies()
    assert "hub_session" not in answer.cookies
    where, _, why = answer.headers["location"].partition("?sign_in=")
    assert where == "/"
    return str(why)


def test_who_has_no_role_is_not_signed_in_and_told_so(hub: Pushed) -> None:
    assert refused(hub, sign_in(hub, "khach")) == "no_role"


def test_who_declines_at_the_provider_is_told_so(hub: Pushed) -> None:
    state = re.search(r"state=(\w+)", leave(hub))
    assert state is not None
    back = f"/sign-in/back?error=access_denied&state={state[1]}"
    assert refused(hub, hub.ask(back, headers=AT)) == "denied"


def test_a_code_is_worth_something_to_the_browser_that_began_alone(hub: Pushed) -> None:
    stolen = agree(leave(hub), "lan")
    hub.forget_cookies()
    assert refused(hub, hub.ask(stolen, headers=AT)) == "failed"  # began nothing
    leave(hub)
    assert refused(hub, hub.ask(stolen, headers=AT)) == "failed"  # began another
    mine = leave(hub)
    state = re.search(r"state=(\w+)", mine)
    assert state is not None
    mixed = re.sub(r"state=\w+", state[0], stolen)
    assert refused(hub, hub.ask(mixed, headers=AT)) == "failed"  # the verifier is another's


def test_what_a_browser_kept_is_not_believed_when_it_was_changed(hub: Pushed) -> None:
    back = agree(leave(hub), "lan")
    hub.forget_cookies()
    answer = hub.ask(back, headers={**AT, "Cookie": "hub_sign_in=eyJ0byI6Ii8ifQ.x.y"})
    assert refused(hub, answer) == "failed"


def forged(token: dict[str, Any], key: RSAKey, **changes: Any) -> dict[str, Any]:
    """Give a token whose claims are changed, signed by another key."""
    _, body, _ = token["id_token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims.update(changes)
    claims.pop("at_hash", None)  # which is not needed in this flow, and would give it away
    return {**token, "id_token": jwt.encode({"alg": "RS256"}, claims, key)}


def test_an_id_token_of_another_is_refused(hub: Pushed, provider: SignOn) -> None:
    key = RSAKey.generate_key(2048)
    provider.alter = lambda token: forged(token, key, groups=["lanh-dao"])
    try:
        assert refused(hub, sign_in(hub, "khach")) == "failed"
    finally:
        provider.alter = dict


def test_a_token_is_signed_by_a_key_that_the_provider_publishes() -> None:
    """Whatever a provider says of itself: a shared secret is no such key, nor is nothing at all."""
    assert accepted(["none", "HS256", "ES256", "RS256"]) == ["ES256", "RS256"]
    with pytest.raises(SignInError):
        accepted(["none", "HS256"])


@pytest.mark.parametrize(
    ("seconds", "is_let_in"), [(-30, True), (-120, False)], ids=["within the skew", "over"]
)
def test_an_id_token_that_is_over_is_refused_but_for_the_clocks_skew(
    tmp_path: Path, seconds: int, is_let_in: bool
) -> None:
    with (
        sign_on(*KNOWN, valid=timedelta(seconds=seconds)) as provider,
        pushed(tmp_path / "hub", {}, **settings_of(provider, tmp_path)) as hub,
    ):
        let_in(hub.hub, {"who": "lanh-dao", "role": "leader"})
        assert ("hub_session" in sign_in(hub, "lan").cookies) is is_let_in


def test_a_role_that_is_taken_away_is_gone_within_ten_seconds(
    tmp_path: Path, provider: SignOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("hub.http.signed_in.time.monotonic", lambda: now[0])
    with pushed(tmp_path / "hub", {}, **settings_of(provider, tmp_path)) as hub:
        let_in(hub.hub, {"who": "lanh-dao", "role": "leader"})
        sign_in(hub, "lan")
        assert hub.ask(FACTS[0], headers=AT).status_code == 200
        let_in(hub.hub, {"who": "lanh-dao", "role": "leader", "valid_to": "2021-01-01"})
        assert hub.ask(FACTS[0], headers=AT).status_code == 200
        now[0] += 10.0
        assert rule(hub.ask(FACTS[0], headers=AT)) == "role_not_allowed"


def test_a_provider_that_is_away_or_another_signs_nobody_in(tmp_path: Path) -> None:
    with sign_on(*KNOWN) as provider:
        settings = settings_of(provider, tmp_path)
    with pushed(tmp_path / "hub", {}, **settings) as hub:
        assert refused(hub, hub.ask("/sign-in", headers=AT)) == "away"
        port = int(provider.url.rpartition(":")[2])
        with sign_on(*KNOWN, port=port):
            assert "/oauth2/authorize?" in leave(hub)
    with sign_on(*KNOWN, port=port) as other, pushed(tmp_path / "other", {}, **settings) as hub:
        other.host = "sso.evil.example"
        assert refused(hub, hub.ask("/sign-in", headers=AT)) == "failed"


def test_the_audit_log_says_who_signed_in_and_who_read_which_facts(
    tmp_path: Path, provider: SignOn
) -> None:
    with pushed(tmp_path / "hub", {}, **settings_of(provider, tmp_path)) as hub:
        let_in(hub.hub, {"who": "lanh-dao", "role": "leader"})
        sign_in(hub, "khach")
        sign_in(hub, "lan")
        for path in (FACTS[0], "/v1/kpis", "/v1/quarantine"):
            hub.ask(path, headers=AT)
        hub.forget_cookies()
        hub.ask(FACTS[4])
    rows = list(hub.hub.audit().rows())
    details = {r[3]: r[5] for r in rows}
    assert {r[2:5] for r in rows if "GET" in r[3] or "sign" in r[3]} == {
        ("sso:khach", "sign in", "no_role"),
        ("sso:lan", "sign in", "ok"),
        ("sso:lan", "GET /v1/kpis/{kpi_id}/facts", "ok"),
        ("sso:lan", "GET /v1/kpis", "ok"),
        ("sso:lan", "GET /v1/quarantine", "role_not_allowed"),
        ("", "GET /v1/lists/{name}", "ok"),
    }
    assert FACTS[0] in details["GET /v1/kpis/{kpi_id}/facts"]
    assert FACTS[4] in details["GET /v1/lists/{name}"]
    assert "asked" not in details["GET /v1/kpis"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"HUB_OIDC_ISSUER": "https://sso"}, "HUB_OIDC_CLIENT_ID"),
        ({"HUB_OIDC_ISSUER": "http://sso", "ALL": "1"}, "https"),
        ({"HUB_OIDC_ISSUER": "https://sso", "ALL": "1", "HUB_LISTEN": "0.0.0.0:80"}, "PUBLIC_URL"),
        ({"HUB_OIDC_ISSUER": "https://sso", "ALL": "1", "HUB_PROXIED": "1"}, "PUBLIC_URL"),
        (
            {"HUB_OIDC_ISSUER": "https://sso", "ALL": "1", "HUB_PUBLIC_URL": "http://hub.vn"},
            "HUB_PUBLIC_URL to be https",
        ),
    ],
)
def test_settings_that_would_not_do_are_named(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], named: str
) -> None:
    whole = {"HUB_OIDC_CLIENT_ID": "hub", "HUB_OIDC_CLIENT_SECRET_FILE": "/secret"}
    for name, value in ({**whole, **settings} if "ALL" in settings else settings).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=named):
        read_settings()
