"""Kinds of what people really send, by way in: which tests try a cell, or why none can be.

`cases` are read by `tests/laws/test_kinds.py` from `tests/cases/`; a name of a test is where else a
cell is tried; `-` begins why there is nothing to try.
"""

from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "cach-doc-tep.md"
BEGIN, END = "<!-- bảng này do kiểm thử viết -->", "<!-- hết bảng -->"
CASES = "cases"
WAYS = {
    "event": "HTTP JSON",
    "file": "tệp HTTP",
    "drop": "thư mục nhận tệp",
    "mqtt": "MQTT",
    "one_stop": "một cửa",
    "kafka": "Kafka",
}
KINDS = {
    "K1": "một số đọc được hai cách",
    "K2": "điều tệp nói ngoài bảng",
    "K3": "giá trị không thể có",
    "K4": "thiếu bị đọc thành không",
    "K5": "cộng điều không cộng được",
    "K6": "đồng hồ sai",
    "K7": "mã ngoài danh mục, dòng tổng",
    "K8": "hai nội dung của một mã",
    "K9": "ngày tháng",
    "K10": "điều không phải số đo",
    "K11": "quy tắc cần chuỗi chưa có",
    "K12": "CloudEvents",
    "K13": "hai số chính thức của một tháng",
    "K14": "bản ghi một cửa lạ",
}
_STATISTICS = "tests/unit/figures/test_statistics.py"
_IMPOSSIBLE = "tests/unit/gateway/test_impossible.py"
_PAYMENTS = "tests/integration/connectors/test_payments.py"
_WHOLE = "tests/unit/sheets/test_whole_files.py"
_COLUMNS = "tests/unit/sheets/test_columns.py"
_ADMISSION = "tests/unit/definitions/test_admission.py"
_ODD = "tests/unit/connectors/test_one_stop_odd_records.py"
_STATIONS = "tests/unit/connectors/test_station_messages.py"
_SALINITY = "tests/integration/connectors/test_salinity.py"
_FOREIGN = "tests/integration/kafka/test_foreign.py"
_INTAKE = "tests/unit/apply/test_intake.py::test_each_record_is_judged_as_if_it_stood_alone"
_UNLISTED = "tests/unit/gateway/test_unlisted.py"
_AS_FIGURES = "- số liệu tính từ nhật ký, không biết đường vào; thử ở cột đầu"
_JSON = "- JSON chỉ có một cách viết số"
_TYPED = "- Avro đã định kiểu: không còn cách viết"
_NO_FIGURES = "- nguồn này không gửi số thống kê"
_NO_NUMBERS = "- nguồn này không gửi số đo"
_NO_TABLE = "- không phải bảng: không có gì ngoài các trường"
_RULES = "- quy tắc cảnh báo đọc mọi chuỗi như nhau; thử ở cột đầu"
_NO_EVENTS = "- CloudEvents chỉ đi qua HTTP và Kafka"
_ONE_STOP_ONLY = "- chỉ hệ thống một cửa có bản ghi này"
_NOT_TOLD = "- trạm ngoài danh mục vẫn được tính; chưa có ai được báo qua MQTT"
_MQTT_ONLY = "- chỉ chủ đề MQTT có thông điệp giữ lại và di chúc"

# By kind, a cell for each way in the order of `WAYS`.
MATRIX: dict[str, tuple[tuple[str, ...], ...]] = {
    "K1": (
        (CASES,),
        (CASES, f"{_COLUMNS}::test_a_column_of_numbers_is_read_one_way"),
        (CASES,),
        (_JSON,),
        (_NO_NUMBERS,),
        (_TYPED,),
    ),
    "K2": (
        (f"{_ADMISSION}::test_an_unknown_field_is_named",),
        (CASES, f"{_WHOLE}::test_a_header_is_known_or_refused_as_near_or_named"),
        (CASES, f"{_WHOLE}::test_a_unit_that_is_noted_counts_or_the_file_is_refused"),
        (_NO_TABLE,),
        ("tests/unit/connectors/test_one_stop.py::test_what_is_not_read_is_not_kept",),
        (_INTAKE,),
    ),
    "K3": (
        (CASES, f"{_IMPOSSIBLE}::test_codes_of_loggers_and_what_no_water_has_do_not_count"),
        (CASES,),
        (CASES,),
        (CASES,),
        (_NO_NUMBERS,),
        (CASES,),
    ),
    "K4": (
        (f"{_STATISTICS}::test_what_came_before_and_did_not_come_now_is_missing",),
        (_AS_FIGURES,),
        (f"{_STATISTICS}::test_a_share_of_one_side_alone_says_what_is_missing",),
        (_NO_FIGURES,),
        (f"{_ODD}::test_a_reception_needs_no_due_date",),
        (_AS_FIGURES,),
    ),
    "K5": (
        (
            f"{_STATISTICS}::test_customers_are_distinct_within_a_period_only",
            "tests/unit/figures/test_compute.py::test_clock_hours_are_distinct_over_stations_asked_together",
        ),
        (_AS_FIGURES,),
        (_AS_FIGURES,),
        (_AS_FIGURES,),
        (_NO_FIGURES,),
        (_AS_FIGURES,),
    ),
    "K6": (
        (
            CASES,
            f"{_IMPOSSIBLE}::test_an_instant_that_is_yet_to_come_is_refused_whatever_it_is_of",
        ),
        (CASES,),
        (CASES,),
        (CASES,),
        (CASES,),
        (CASES,),
    ),
    "K7": (
        (f"{_UNLISTED}::test_a_code_that_no_list_has_is_counted_and_told_with_near_ones",),
        (f"{_UNLISTED}::test_of_a_file_what_no_list_has_is_told_too",),
        (CASES, f"{_WHOLE}::test_a_total_is_named_and_not_added"),
        (_NOT_TOLD,),
        (f"{_ODD}::test_a_level_is_one_of_the_day_of_reception",),
        (f"{_STATISTICS}::test_an_area_and_its_parts_are_never_both_counted",),
    ),
    "K8": (
        (
            "tests/laws/test_following.py"
            "::test_a_repeat_a_conflict_and_a_withdrawn_item_are_told_apart",
        ),
        (CASES, f"{_COLUMNS}::test_codes_that_a_program_has_shortened_are_refused"),
        (
            f"{_PAYMENTS}::test_a_corrected_file_replaces_all_its_rows",
            f"{_PAYMENTS}::test_other_figures_under_the_same_revision_are_a_conflict",
        ),
        (f"{_SALINITY}::test_two_values_for_one_instant_are_a_conflict_and_not_two_readings",),
        (
            "tests/unit/connectors/test_one_stop.py"
            "::test_a_fact_is_told_once_and_withdrawn_when_it_is_no_longer_stated",
        ),
        (f"{_FOREIGN}::test_another_content_in_a_longer_form_is_a_conflict_still",),
    ),
    "K9": (
        (f"{_ADMISSION}::test_instants_are_never_guessed",),
        (CASES, f"{_COLUMNS}::test_a_column_of_days_has_one_order"),
        (CASES,),
        (f"{_STATIONS}::test_what_is_meant_as_a_reading_is_read_or_refused",),
        (f"{_ODD}::test_what_has_no_date_has_not_happened",),
        ("- thời điểm trong Avro là số micro giây",),
    ),
    "K10": (
        (_MQTT_ONLY,),
        (_MQTT_ONLY,),
        (_MQTT_ONLY,),
        (CASES, f"{_STATIONS}::test_what_tells_of_a_device_is_passed_over"),
        (_MQTT_ONLY,),
        (_INTAKE,),
    ),
    "K11": (
        (
            "tests/unit/http/test_gauges.py"
            "::test_every_series_of_a_closed_set_is_there_before_its_first_event",
        ),
        (_RULES,),
        (_RULES,),
        (_RULES,),
        (_RULES,),
        (_RULES,),
    ),
    "K12": (
        (
            "tests/laws/test_cloudevents.py::test_a_header_says_what_the_structured_event_does",
            "tests/laws/test_cloudevents.py::test_source_and_id_together_name_an_event",
        ),
        (_NO_EVENTS,),
        (_NO_EVENTS,),
        (_NO_EVENTS,),
        (_NO_EVENTS,),
        (f"{_FOREIGN}::test_foreign_headers_are_read_as_far_as_they_can_be",),
    ),
    "K13": (
        (
            "tests/laws/test_closing.py"
            "::test_a_month_closed_by_itself_has_one_official_figure_wherever_it_is_shown",
        ),
        (_AS_FIGURES,),
        (_AS_FIGURES,),
        (_AS_FIGURES,),
        (_AS_FIGURES,),
        (_AS_FIGURES,),
    ),
    "K14": (
        (_ONE_STOP_ONLY,),
        (_ONE_STOP_ONLY,),
        (_ONE_STOP_ONLY,),
        (_ONE_STOP_ONLY,),
        (
            CASES,
            f"{_ODD}::test_what_cannot_be_read_is_named_and_loses_nothing_else",
            "tests/unit/connectors/test_one_stop_cursors.py"
            "::test_a_cursor_that_comes_round_is_noticed_backs_off_and_is_told",
        ),
        (_ONE_STOP_ONLY,),
    ),
}


def render() -> str:
    """Write the matrix as a table: ✓ where a cell is tried, else why it need not be."""
    reasons: list[str] = []
    lines = [f"| Loại | {' | '.join(WAYS.values())} |", f"|---{'|---' * len(WAYS)}|"]
    for kind, cells in MATRIX.items():
        shown = []
        for tried in cells:
            if tried[0].startswith("-"):
                if tried[0] not in reasons:
                    reasons.append(tried[0])
                shown.append(f"({reasons.index(tried[0]) + 1})")
            else:
                shown.append("✓")
        lines.append(f"| **{kind}** {KINDS[kind]} | {' | '.join(shown)} |")
    notes = [f"({n}) {reason[2:]}" for n, reason in enumerate(reasons, 1)]
    return "\n".join([BEGIN, "", *lines, "", "; ".join(notes) + ".", "", END])
