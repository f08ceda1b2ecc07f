"""Mappings as the store has them: the last of a sender is in force, no figure knows of them."""

from pathlib import Path

from hub.clock import to_us
from hub.figures.loading import load_lists
from hub.opening import catch_up, confirm_mapping, open_hub
from hub.settings import Settings
from hub.sheets.mapping import FileMapping, mapping_of
from hub.store.mappings import Mappings, all_mappings, find_mapping, list_name


def of(sender: str, area: str) -> FileMapping:
    return mapping_of({"contract": "payment", "sender": sender, "always": {"area": area}})


def test_the_last_one_of_a_sender_is_in_force_and_each_is_found_by_its_digest(
    tmp_path: Path,
) -> None:
    first, second, other = of("A", "H57"), of("A", "H58"), of("B", "H57")
    with open_hub(Settings(data_dir=tmp_path)) as hub:
        mappings = Mappings(hub.store)
        assert mappings.in_force("payment", "A") is None
        for mapping in (first, other, second, second):  # the same again says nothing new
            confirm_mapping(hub, mapping, "tester")
        catch_up(hub)
        assert mappings.in_force("payment", "A") == second
        assert mappings.in_force("payment", "B") == other
        assert mappings.in_force("reading", "A") is None
        with hub.store.reading() as reading:
            listed = all_mappings(reading)
        assert [c.mapping for c in listed] == [second, other, first]
        assert [c.is_in_force for c in listed] == [True, True, False]
        found = find_mapping(listed, "payment", "A", first.digest)
        assert found is not None
        assert found.mapping == first
        assert find_mapping(listed, "payment", "B", first.digest) is None
        confirm_mapping(hub, first, "tester")
        catch_up(hub)
        assert mappings.in_force("payment", "A") == first, "what was in force can be so again"


def test_no_figure_is_read_against_a_mapping(tmp_path: Path) -> None:
    with open_hub(Settings(data_dir=tmp_path)) as hub:
        with hub.store.reading() as reading:
            before = hub.book(reading).reference
        confirm_mapping(hub, of("A", "H57"), "tester")
        catch_up(hub)
        with hub.store.reading() as reading:
            after = hub.book(reading).reference
        assert after.tables.keys() == before.tables.keys()
        assert after.digest() == before.digest()
        rows = [{"code": "H57"}]
        assert load_lists(hub.log, {"units": rows}, to_us(hub.clock()), "tester")


def test_a_long_name_is_a_list_of_its_own() -> None:
    names = {list_name("payment", "s" * n) for n in (1, 111, 112, 127, 128)}
    assert len(names) == 5
    assert all(name.startswith("mapping:") and len(name) <= 128 for name in names)
