"""Every outlet writes what its cases say, and refuses an address that is none of its own."""

import json
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import pytest

from hub import registry
from hub.alerts.outlet import AddressError, Bulletin, Message, NotToldError
from hub.settings import read_own
from tests.chaos import receivers
from tests.chaos.found import found

OUTLETS = registry.outlets()
RECEIVERS = found(receivers)


def test_every_outlet_is_struck() -> None:
    """An outlet that `make chaos` does not strike is promised to nobody."""
    lacking = sorted(OUTLETS.keys() ^ RECEIVERS.keys())
    assert lacking == [], f"tests/chaos/receivers has a module for each outlet: {lacking}"


def cases(name: str) -> list[Traversable]:
    folder = resources.files("outlets") / name / "cases"
    return sorted((c for c in folder.iterdir() if c.is_dir()), key=str)


CASES = [pytest.param(n, c, id=f"{n}-{c.name}") for n in OUTLETS for c in cases(n)]


def read(case: Traversable, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((case / f"{name}.json").read_text("utf-8"))
    return found


def message(case: Traversable) -> Message:
    parts = read(case, "input")["message"]
    parts |= {name: tuple(parts[name]) for name in ("lines", "events")}
    bulletin = Bulletin(**parts["bulletin"]) if "bulletin" in parts else None
    return Message(**{**parts, "bulletin": bulletin})


@pytest.mark.parametrize(("name", "case"), CASES)
def test_an_outlet_writes_as_its_cases_say(name: str, case: Traversable) -> None:
    address, expected = read(case, "input")["address"], read(case, "expected")
    if "sent" in expected:
        assert OUTLETS[name].write(message(case), address) == expected["sent"]
        return
    with pytest.raises(AddressError) as refused:
        OUTLETS[name].write(message(case), address)
    vi, mark, en = str(refused.value).partition(" | ")
    assert vi and mark and en  # noqa: PT018
    assert expected["refused"] in vi


@pytest.mark.parametrize("name", OUTLETS)
def test_an_outlet_has_good_and_bad_cases_and_a_title(name: str) -> None:
    outcomes = {kind for case in cases(name) for kind in read(case, "expected")}
    assert outcomes == {"sent", "refused"}
    assert OUTLETS[name].title.vi
    assert OUTLETS[name].title.en


@pytest.mark.parametrize("name", OUTLETS)
def test_an_outlet_that_is_not_set_up_says_what_is_to_be_set(name: str) -> None:
    case = next(c for c in cases(name) if "sent" in read(c, "expected"))
    outlet = OUTLETS[name]
    with pytest.raises(NotToldError, match=f"HUB_OUTLET_{name.upper()}_"):
        outlet.send(
            outlet.write(message(case), read(case, "input")["address"]),
            read_own(f"outlet_{name}", outlet.settings),
        )
