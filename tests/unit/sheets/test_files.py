"""Files under a contract: what its fields are decides how their columns are read."""

import io

import openpyxl
import pytest

from hub.definitions.admission import BodyError
from hub.definitions.contract import Contract
from hub.sheets.files import admit_file
from schemas.contracts.dossier import Dossier
from schemas.contracts.payment import Payment
from schemas.contracts.reading import Reading

PAYMENT = "event_id;reporter;service;method;area;Kỳ thống kê;revision"
PAYMENT += ";transactions;customers;Số tiền"
READING = "event_id;Mã trạm;Thời điểm đo;Đại lượng đo;value;Đơn vị đo"


def test_amounts_of_a_contract_have_the_unit_of_the_file() -> None:
    rows = ["1;NH1;water;cash;H57;01/05/2023;1;5;4;2,5", "2;NH1;water;cash;H57;01/06/2023;1;5;4;3"]
    file = "\n".join(["ĐVT: triệu đồng", PAYMENT, *rows])
    found = admit_file(Contract(Payment), file.encode())
    assert found.rejected == []
    assert found.events["amount_vnd"].to_list() == [2_500_000, 3_000_000]
    assert found.events["period"].to_list() == ["2023-05", "2023-06"]
    assert [p.what for p in found.understood.passed] == ["note"]


def test_short_titles_of_flags_are_known_and_near_ones_refused() -> None:
    row = "1;ST01;17/05/2023 08:00;salinity;38,0;g/L;4"
    for title in ("Cờ chất lượng", "Cờ", "QC", "quality", "Chất lượng"):
        found = admit_file(Contract(Reading), f"{READING};{title}\n{row}".encode())
        assert found.events["quality"].to_list() == [4]


def test_missing_columns_are_named_without_what_explains_them() -> None:
    with pytest.raises(BodyError) as caught:
        admit_file(Contract(Payment), "Đơn vị báo cáo;Kỳ thống kê\nNH1;05/2023".encode())
    missing = "Dịch vụ được thanh toán, Hình thức, Địa bàn, Số giao dịch"
    said = f"cả tệp: thiếu cột {missing}, Số khách hàng, Số tiền, đồng; tìm thấy: "
    assert caught.value.vi.startswith(said)
    assert caught.value.vi.count("Địa bàn") == 2  # missing, and among what is needed: not again


def test_a_formula_in_a_code_is_refused_with_a_code_as_the_example() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Mã hồ sơ", "kind", "occurred_at"])
    sheet.append(['="H57.1"', "processing", "17/05/2023 08:00"])
    out = io.BytesIO()
    book.save(out)  # which writes formulas and never their values
    (verdict,) = admit_file(Contract(Dossier), out.getvalue()).rejected
    assert verdict.message_vi.endswith("thay cho công thức, ví dụ H57.132-230517-0001")


def test_what_a_box_is_read_as_is_said_in_words() -> None:
    header = "event_id;dossier_code;kind;occurred_at;Người nộp hài lòng"
    row = "1;H57.1-1;rated;17/05/2023 08:00;x"
    found = admit_file(Contract(Dossier), f"{header}\n{row}".encode())
    by_field = {c.field: c for c in found.understood.columns}
    assert (by_field["satisfied"].example, by_field["satisfied"].value) == ("x", "có")


def test_a_due_day_without_an_hour_is_the_end_of_working_hours() -> None:
    header = "event_id;dossier_code;kind;occurred_at;Ngày hẹn trả"
    row = "1;H57.1-1;due_changed;17/05/2023 08:00;24/05/2023"
    found = admit_file(Contract(Dossier), f"{header}\n{row}".encode())
    assert found.rejected == []
    assert found.events["due_at"].to_list() == [1_684_922_400_000_000]  # 2023-05-24T10:00Z


def test_verdicts_of_a_contract_say_no_field_and_no_form_of_a_code() -> None:
    row = "1;trạm 1;17/05/2023 08:00;salinity;1,5;g/L"
    (verdict,) = admit_file(Contract(Reading), f"{READING}\n{row}".encode()).rejected
    assert verdict.field == "station_code"
    words = "“trạm 1” không đúng dạng của cột này, ví dụ ST01"
    assert verdict.message_vi == f"dòng 2, cột Mã trạm: {words}"
    assert "^" not in verdict.message_en


def test_what_was_refused_with_its_column_stays_refused_beside_clear_cells() -> None:
    rows = [f"1;ST01;17/05/2023 08:00;salinity;{said};g/L" for said in ("1.300", "1.2")]
    doubtful = admit_file(Contract(Reading), f"{READING}\n{rows[0]}".encode())
    assert [v.rule for v in doubtful.rejected] == ["two_readings"]
    assert b'"1.300 ?"' in doubtful.originals[1]
    again = "\n".join([READING, rows[0].replace("1.300", "1.300 ?"), rows[1]])
    found = admit_file(Contract(Reading), again.encode())
    assert [v.rule for v in found.rejected] == ["not_a_number"]
    assert found.events["value"].to_list() == [1200]
