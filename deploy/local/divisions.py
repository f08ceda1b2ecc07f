"""Real divisions as lists of a province: before and after 1/7/2025, with what became of each unit.

`python -m deploy.local.divisions WHEEL 92 FOLDER` writes `units.csv` and `lineage.csv` of the
province that has the code 92 since 1/7/2025, and of those that went into it, from a wheel of the
package vietnam-provinces (2026.9.0, GPL-3.0-or-later; `pip download --no-deps` gets it). Its tables
are read as data: nothing of it is imported or run, and none of it is in the hub.

Sources of what it lists: the divisions of the National Statistics Office, NQ 202/2025/QH15 and the
resolution of each province on its communes.
"""

import argparse
import ast
import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = "vietnam_provinces"
SINCE, DAY = "2021-01-01", "2025-07-01"
UNIT_COLUMNS = ("code", "name_vi", "level", "parent", "valid_from", "valid_to", "source")
LINEAGE_COLUMNS = ("from_code", "to_code", "date", "kind", "weight", "source")
Table = dict[int, list[Any]]


class Wheel:
    """The tables of a wheel: of old and new provinces, districts and wards, and between them."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self.version = path.name.split("-")[1]
        old, new = self._tables("legacy/_lookup.py"), self._tables("_lookup.py")
        self.old_provinces = _calls(old["PROVINCE_MAPPING"])
        self.districts = _calls(old["DISTRICT_MAPPING"])
        self.old_wards = _calls(old["WARD_MAPPING"])
        self.new_provinces = _calls(new["PROVINCE_MAPPING"])
        self.new_wards = _calls(new["WARD_MAPPING"])
        self.became = self._became("_ward_conversion_2025.py")
        self.provinces_became = self._became("_province_conversion_2025.py")

    def _tables(self, name: str) -> dict[str, dict[int, ast.expr]]:
        tables = {}
        for node in ast.parse(self._zip.read(f"{PACKAGE}/{name}")).body:
            target = node.target if isinstance(node, ast.AnnAssign) else None
            if isinstance(node, ast.Assign):
                target = node.targets[0]  # type: ignore[assignment]
            value = getattr(node, "value", None)
            if isinstance(target, ast.Name) and isinstance(value, ast.Dict):
                keys = [
                    ast.literal_eval(k) if isinstance(k, ast.Constant) else None for k in value.keys
                ]
                tables[target.id] = {k: v for k, v in zip(keys, value.values, strict=True) if k}
        return tables

    def _became(self, name: str) -> dict[int, list[int]]:
        """Read which units an old one became, by code."""
        became = {}
        for code, entry in self._tables(name)["OLD_TO_NEW"].items():
            assert isinstance(entry, ast.Call)
            successors = entry.args[1]
            assert isinstance(successors, ast.Tuple)
            became[code] = [_values(s)[0] for s in successors.elts]
        return became


def _calls(table: dict[int, ast.expr]) -> Table:
    return {code: _values(call) for code, call in table.items()}


def _values(call: ast.expr) -> list[Any]:
    """Give what stands in a call: constants as they are, members of an enumeration by number."""
    assert isinstance(call, ast.Call)
    out: list[Any] = []
    for argument in call.args:
        if isinstance(argument, ast.Attribute):
            number = argument.attr.rpartition("_")[2]
            out.append(int(number) if number.isdigit() else argument.attr)
        else:
            out.append(ast.literal_eval(argument))
    return out


def units(wheel: Wheel, province: int) -> Iterator[list[str]]:
    """List the units: old provinces, their districts and wards, the new province and its wards."""
    source = f"vietnam-provinces {wheel.version}; NQ 202/2025/QH15"
    old = [SINCE, DAY, source]
    olds = [p for p, became in wheel.provinces_became.items() if province in became]
    for code in olds:
        yield [f"{code:02}", wheel.old_provinces[code][0], "province", "", *old]
    districts = [d for d, row in wheel.districts.items() if row[4] in olds]
    for code in districts:
        name, *_, above = wheel.districts[code]
        yield [f"{code:03}", name, "district", f"{above:02}", *old]
    for code, (name, _, _, _, above) in wheel.old_wards.items():
        if above in districts:
            yield [f"{code:05}", name, "commune", f"{above:03}", *old]
    new = [DAY, "", source]
    yield [f"{province:02}", wheel.new_provinces[province][0], "province", "", *new]
    for code, (name, _, _, _, above) in wheel.new_wards.items():
        if above == province:
            yield [f"{code:05}", name, "commune", f"{above:02}", *new]


def lineage(wheel: Wheel, listed: list[list[str]]) -> Iterator[list[str]]:
    """List what became of each unit that ended: districts were not replaced."""
    source = f"vietnam-provinces {wheel.version}"
    for code, _, level, *_, until, _ in listed:
        if until != DAY:
            continue
        if level == "district":
            yield [code, "", DAY, "end", "", "NQ 203/2025/QH15"]
            continue
        width = len(code)
        table = wheel.became if level == "commune" else wheel.provinces_became
        successors = table[int(code)]
        for successor in successors:
            kind = "merge" if len(successors) == 1 else "split"
            yield [code, f"{successor:0{width}}", DAY, kind, "", source]


def main() -> None:
    """Write the lists of the province that the command line names."""
    parser = argparse.ArgumentParser(description="lists of real divisions")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("province", type=int, help="its code since 1/7/2025, such as 92")
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    wheel = Wheel(asked.wheel)
    listed = list(units(wheel, asked.province))
    asked.folder.mkdir(parents=True, exist_ok=True)
    for name, columns, rows in (
        ("units", UNIT_COLUMNS, listed),
        ("lineage", LINEAGE_COLUMNS, list(lineage(wheel, listed))),
    ):
        with (asked.folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([columns, *rows])
        print(f"{asked.folder / name}.csv: {len(rows):,} rows")


if __name__ == "__main__":
    main()
