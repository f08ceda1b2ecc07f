"""Scopes: what is asked for in a command, what is kept, and what older keys become."""

import hashlib
from functools import partial
from importlib import resources
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from hub import registry
from hub.access import keys
from hub.access.scope import PARTS, WHOLE, Scope, ScopeError, read_scope, scope_of
from hub.clock import system_clock
from hub.store.store import Store
from tests.conftest import Hub
from tests.parts.pushed import limited

INSTALLED = registry.contracts()
# What is asked for, and the rule by which it is refused.
REFUSED: list[tuple[dict[str, str], str]] = [
    ({}, "no_limit"),
    ({"contracts": "dossier"}, "no_limit"),
    ({"units": "H57.1"}, "no_limit"),
    ({"contracts": "dossier,payment", "units": "H57.1"}, "no_limit"),
    ({"contracts": "dossier", "stations": "ST01"}, "no_limit"),
    ({"contracts": "dossier", "units": "H57.1", "stations": "ST01"}, "limits_nothing"),
    ({"contracts": "dossier", "units": "H57.1;H57.2"}, "malformed"),
    ({"contracts": "reading", "stations": "st01"}, "malformed"),
    ({"contracts": "dosier", "units": "H57.1"}, "unknown_contract"),
    ({"contracts": "dossier", "units": " , "}, "no_limit"),
]
READ: list[tuple[dict[str, str], Scope]] = [
    ({"contracts": "dossier", "units": "H57.1, H57.2"}, limited("dossier", units="H57.1,H57.2")),
    ({"contracts": "payment", "areas": "H57"}, limited("payment", areas="H57")),
    (
        {"contracts": "payment", "reporters": "NH01", "areas": "H57"},
        limited("payment", reporters="NH01", areas="H57"),
    ),
    (
        {"units": "H57.1", "areas": "H57.1", "stations": "ST01"},
        limited(*INSTALLED, units="H57.1", areas="H57.1", stations="ST01"),
    ),
]


def read(asked: dict[str, str], *, is_whole: bool = False) -> Scope:
    """Read what is asked for, of the installed contracts."""
    return read_scope(dict.fromkeys(PARTS, "") | asked, INSTALLED, is_whole=is_whole)


@pytest.mark.parametrize(("asked", "rule"), REFUSED)
def test_without_a_limit_for_each_contract_there_is_no_scope(
    asked: dict[str, str], rule: str
) -> None:
    with pytest.raises(ScopeError) as refused:
        read(asked)
    assert refused.value.rule == rule
    assert refused.value.vi
    assert refused.value.en


@pytest.mark.parametrize(("asked", "scope"), READ)
def test_a_limit_for_each_contract_is_a_scope(asked: dict[str, str], scope: Scope) -> None:
    # What is installed later is not in a scope that has limits: of that nobody has said any.
    assert read(asked) == scope


def test_the_whole_scope_is_said() -> None:
    assert read({}, is_whole=True) is WHOLE
    assert read({"contracts": "payment"}, is_whole=True) == limited("payment")
    with pytest.raises(ScopeError, match="--all goes without --units"):
        read({"units": "H57.1"}, is_whole=True)


def test_a_scope_is_kept_and_said(hub: Hub) -> None:
    for number, scope in enumerate([WHOLE, limited("payment"), *(s for _, s in READ)]):
        key = keys.create(hub.store, system_clock, f"k{number}", scope)
        found = keys.find(hub.store, key, 0)
        assert found is not None
        assert found.scope == scope == scope_of(scope.written())
        assert keys.scopes_of(hub.store, f"k{number}", 0) == [scope]
    assert [str(k.scope) for k in keys.listed(hub.store)][:3] == [
        "contracts=all scope=all",
        "contracts=payment scope=all",
        "contracts=dossier units=H57.1,H57.2",
    ]


def test_a_senders_scopes_are_those_of_its_valid_keys(hub: Hub) -> None:
    assert keys.scopes_of(hub.store, "a", 0) == [WHOLE]  # it never had a key
    first, second, third = (limited("payment", reporters=c) for c in ("A", "B", "C"))
    for n, scope in enumerate((first, second, third)):
        made = keys.Made(f"id{n}", f"hub_{n}")
        keys.create(hub.store, partial(hub.now.replace, hour=n), "a", scope, made=made)
    assert keys.revoke(hub.store, system_clock, "id1")
    assert keys.scopes_of(hub.store, "a", 0) == [first, third]
    for n in (0, 2):
        assert keys.revoke(hub.store, system_clock, f"id{n}")
    assert keys.scopes_of(hub.store, "a", 0) == [third]


def test_every_limit_is_of_a_field_that_an_event_or_its_fact_has() -> None:
    facts = registry.definitions().facts
    for name, contract in INSTALLED.items():
        for kind, fields in contract.spec.limited.items():
            required = {f.name for f in contract.fields if not f.optional}
            for field in fields:
                is_of_the_entity = field in contract.spec.entity and field in required
                is_of_the_fact = facts[name].types.get(field) == "text"
                assert is_of_the_entity or is_of_the_fact, (name, kind, field)


def test_a_key_of_before_stays_limited_as_it_was(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        config = Config()
        folder = resources.files("hub.store") / "migrations"
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        for name, units, contracts in (("all", "", ""), ("some", "H57.1,H57.2", "dossier,payment")):
            digest = hashlib.sha256(name.encode()).hexdigest()
            connection.execute(
                sa.text(
                    "INSERT INTO api_key (id, name, key_hash, units, contracts, created_at)"
                    " VALUES (:n, :n, :h, :u, :c, 0)"
                ),
                {"n": name, "h": digest, "u": units, "c": contracts},
            )
    store = Store(url, registry.definitions())
    scopes = {n: keys.scopes_of(store, n, 0) for n in ("all", "some")}
    shown = keys.find(store, "some", 0)
    store.close()
    both = "H57.1,H57.2"
    some = limited("dossier", "payment", units=both, areas=both)
    assert scopes == {"all": [WHOLE], "some": [some]}
    assert shown is not None
    assert shown.scope == some
