"""A province's lists are read as people write them, and what is wrong is named by file and line."""

from pathlib import Path

import openpyxl
import pytest

from hub import registry
from hub.reference.lists import digest_of
from hub.sheets.province import read_province
from hub.sheets.template import write_template
from tests.parts import lists

FORMS = registry.forms()


def test_the_demos_lists_are_read_to_the_text() -> None:
    read = read_province(FORMS, lists.FOLDER)
    assert {name: file.faults for name, file in read.items()} == {name: [] for name in read}
    of_files = {name: digest_of(file.rows) for name, file in read.items()}
    assert of_files == {name: digest_of(lists.reference().tables[name]) for name in read}
    assert set(read) == {"clock_policies", "hours", "procedures", "stations", "targets", "units"}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_template_that_is_filled_in_is_read(kind: str, tmp_path: Path) -> None:
    write_template(FORMS["procedures"], tmp_path / "procedures")
    (tmp_path / f"procedures.{'xlsx' if kind == 'csv' else 'csv'}").unlink()
    row = ["1.005129", "Cấp phép", "Tư pháp", "Toàn trình", "01/07/2025", "", "QĐ 12/QĐ-UBND"]
    path = tmp_path / f"procedures.{kind}"
    if kind == "csv":
        path.write_text(path.read_text("utf-8") + ",".join(row) + "\n", "utf-8")
    else:
        book = openpyxl.load_workbook(path)
        assert book.active is not None
        book.active.append(row)
        book.save(path)
    file = read_province(FORMS, tmp_path)["procedures"]
    assert file.faults == []
    assert file.rows == [
        {
            "code": "1.005129",
            "name_vi": "Cấp phép",
            "field_vi": "Tư pháp",
            "service_level": "full",
            "valid_from": "2025-07-01",
            "valid_to": "",
            "source": "QĐ 12/QĐ-UBND",
        }
    ]


def test_what_is_wrong_is_named_by_file_and_line_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "stations.csv").write_text(
        "Mã trạm;Tên trạm;Hiệu lực từ ngày;Hiệu lực đến trước ngày\n"
        "ST01;Vàm;1/5/2023;\nST02;Cầu;31/02/2023;\nST03;Cống;15/5/2023;\n",
        "utf-8",
    )
    file = read_province(FORMS, tmp_path)["stations"]
    assert [r["code"] for r in file.rows] == ["ST01", "ST03"]
    (fault,) = file.faults
    assert (fault.file, fault.line) == ("stations.csv", 3)
    assert "Hiệu lực từ ngày" in fault.text()
    assert fault.value == "31/02/2023"


def test_two_files_of_one_list_are_one_too_many(tmp_path: Path) -> None:
    write_template(FORMS["stations"], tmp_path / "stations")
    file = read_province(FORMS, tmp_path)["stations"]
    assert "two_files" in [f.rule for f in file.faults]
