"""Files of loggers: how they were understood is said in the words of who reads Vietnamese."""

from pathlib import Path

import connectors.loggers
from connectors.loggers.readings import read_export

CASES = Path(connectors.loggers.__file__).parent / "cases"


def test_quantities_are_called_by_their_names_and_what_is_missing_is_no_number() -> None:
    device = {"device": "13K101234", "station": "ST04", "dates": "day", "clock": "+07:00"}
    device |= {"valid_from": "2020-01-01", "valid_to": ""}
    read = read_export((CASES / "ysi_day_first/input.csv").read_bytes(), [device])
    by_field = {c.field: (c.title, c.value) for c in read.understood.columns}
    assert by_field["conductivity"] == ("độ dẫn điện", "2.000")
    assert by_field["salinity"] == ("độ mặn", "cờ 9 | quality 9")


def test_what_is_wrong_with_a_column_names_its_quantity() -> None:
    for case, named in (("bad_toa5_unit", "độ dẫn điện"), ("bad_toa5_twice", "nhiệt độ")):
        (row,) = read_export((CASES / case / "input.dat").read_bytes(), None).rows
        assert row.verdict is not None
        assert named in row.verdict.message_vi
