"""What SQL views and their columns are, in Vietnamese and English, where no contract says it."""

from hub.definitions.contract import Doc

VIEWS = {
    "own_unit": Doc("Đơn vị mà vai trò này được xem", "The units that this role sees, as of today"),
    "figure": Doc(
        "Số liệu đã công bố, bằng số liệu của API: các năm, tháng này, hôm nay, toàn tỉnh",
        "Published figures, the same as the API's: years, this month, today, the whole province",
    ),
    "daily": Doc(
        "Số đếm và tổng theo ngày, theo từng cách chia; cộng lại thành tử số, mẫu số",
        "Counts and sums by day, in each split; they add up to numerators and denominators",
    ),
    "closing": Doc("Các lần chốt kỳ", "Closings of periods"),
    "official_figure": Doc(
        "Số liệu chính thức của các kỳ đã chốt", "Official figures of closed periods"
    ),
    "freshness": Doc("Dữ liệu đã tính đến khi nào", "Up to when what came in is applied"),
}
_FIGURE = {
    "kpi": Doc("Mã chỉ số", "The KPI's id"),
    "period": Doc("Kỳ: 2023, 2023-05, 2023-05-17", "Period: 2023, 2023-05, 2023-05-17"),
    "value": Doc(
        "Giá trị; tỷ lệ từ 0 đến 1; trống: không có", "Value; shares from 0 to 1; null: not known"
    ),
    "numerator": Doc("Tử số", "Numerator"),
    "denominator": Doc("Mẫu số", "Denominator"),
    "scale": Doc("Hệ số của mẫu số", "Factor of the denominator"),
    "measure_unit": Doc("Đơn vị đo", "Unit of measure"),
    "target_op": Doc("Phép so với chỉ tiêu", "How it meets its target"),
    "target_value": Doc("Chỉ tiêu của năm", "The year's target"),
    "met": Doc("Đạt chỉ tiêu", "Whether it meets the target"),
    "status": Doc(
        "Trạng thái: provisional tạm tính, official chính thức, restated điều chỉnh",
        "provisional, official or restated",
    ),
    "definition_version": Doc("Phiên bản định nghĩa", "Version of the definition"),
    "completeness": Doc("Mức đầy đủ, 0 đến 1", "Completeness, 0 to 1"),
    "progress": Doc("Tiến độ so với chỉ tiêu", "How it stands against the year's target"),
    "changed_at": Doc("Thay đổi gần nhất lúc", "When it last changed"),
    "closed_at": Doc("Chốt lúc", "When it was closed"),
}
_UNIT = {"unit": Doc("Mã đơn vị", "Code of a unit")}
_DAILY = {
    "contract": Doc("Loại dữ liệu", "Which kind of data"),
    "measure": Doc("Số đo, ví dụ dossier.received", "What is counted, such as dossier.received"),
    "split_by": Doc(
        "Cách chia; hãy chọn đúng một cách, các cách trùng nhau",
        "The split; choose one: each holds everything",
    ),
    "day": Doc("Ngày", "Day"),
    "by": Doc("Chiều, trống ở cách chia khác", "A dimension; null in other splits"),
    "count": Doc("Số đối tượng", "How many things count"),
    "value": Doc(
        "Tổng giá trị, ví dụ số đúng hạn; cực trị thì không cộng được",
        "Sum of what is measured, such as those on time; extremes do not add up",
    ),
}
_CLOSING = {
    "period": Doc("Kỳ đã chốt", "The period that was closed"),
    "closed_at": Doc("Chốt lúc", "When it was closed"),
    "known_at": Doc("Theo dữ liệu biết đến lúc", "By what was known then"),
    "digest": Doc("Mã băm của số liệu", "Digest of its figures"),
    "is_latest": Doc("Là lần chốt cuối của kỳ", "Whether the period was not closed again since"),
}
_FRESHNESS = {
    "topic": Doc("Luồng dữ liệu", "The topic"),
    "applied_at": Doc("Đã tính đến lúc", "When it was last applied"),
}
_FACT = {
    "code": Doc("Mã", "Code of the thing"),
    "disputed": Doc(
        "Có hai nội dung khác nhau cho một sự kiện", "Whether one event came with two contents"
    ),
}
# By view and column; those of facts stand with the facts, those of lists with their forms.
DOCS = {
    (view, name): doc
    for view, docs in (
        ("figure", _FIGURE),
        ("official_figure", _FIGURE),
        ("own_unit", _UNIT),
        ("daily", _DAILY),
        ("closing", _CLOSING),
        ("freshness", _FRESHNESS),
        ("fact", _FACT),
    )
    for name, doc in docs.items()
}
