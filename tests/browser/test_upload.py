"""A clerk's walk: an empty file, twelve mistakes, all corrected in one round, a printed receipt."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Sequence
from typing import Any

import httpx
import openpyxl
import pypdfium2
from playwright.sync_api import Locator, Page, expect

from hub.gateway.signing import verify
from tests.browser.test_page import DATA_MS_MAX, Show, figure_of
from tests.browser.test_repair import use_key
from tests.parts.waiting import until

Row = dict[str, str]
A_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Row of the file (the header is row 1), its column, what is wrong there, and what is right.
MISTAKES = [
    (3, "Kênh thực hiện", "qua mạng", "Trực tuyến"),
    (3, "Mã TTHC", "1005129", "1.005129"),
    (4, "Kênh thực hiện", "", "Trực tiếp"),
    (4, "Đơn vị tiếp nhận", "xã Một", "H57.132"),
    (5, "Thời điểm xảy ra", "17/05/2023", "17/05/2023 8:00"),
    (5, "Mức độ dịch vụ công", "mức 4", "Toàn trình"),
    (6, "Thời điểm xảy ra", "hôm qua", "17-5-2023 8h30"),
    (7, "Việc đã xảy ra với hồ sơ", "đã nộp", "Được tiếp nhận"),
    (8, "Mã hồ sơ", "Hồ sơ 1", "H57.132-230517-9{mark}"),
    (9, "Mã hồ sơ", "", "H57.132-230517-8{mark}"),
    (10, "Ngày hẹn trả", "tuần sau", "24/5/2023"),
    (11, "Mã TTHC", "", "1.005129"),
]


def rows(mark: str, count: int = 14) -> list[Row]:
    return [
        {
            "Mã hồ sơ": f"H57.132-230517-{mark}{n:02d}",
            "Mã sự kiện": f"{mark}-{n}",
            "Việc đã xảy ra với hồ sơ": "Được tiếp nhận",
            "Thời điểm xảy ra": f"17/05/2023 08:{n:02d}",
            "Đơn vị tiếp nhận": "H57.132",
            "Mã TTHC": "1.005129",
            "Mức độ dịch vụ công": "Toàn trình",
            "Kênh thực hiện": "Trực tuyến",
            "Ngày hẹn trả": "24/05/2023",
        }
        for n in range(count)
    ]


def filled(template: bytes, lines: Sequence[Row]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(template))
    sheet = book.worksheets[0]
    headers = [cell.value for cell in sheet[1]]
    for number, line in enumerate(lines, 2):
        for header, text in line.items():
            sheet.cell(number, headers.index(header) + 1, text or None)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def open_upload(show: Show, key: str, *size: int) -> Page:
    page = show("", *size, path="upload")
    use_key(page, key)
    expect(page.get_by_role("radio", name="Hồ sơ một cửa")).to_be_checked(timeout=DATA_MS_MAX)
    return page


def choose(page: Page, name: str, data: bytes) -> None:
    chosen: Any = {"name": name, "mimeType": A_TYPE, "buffer": data}
    page.locator("#file").set_input_files(chosen)


def get_template(page: Page, name: str = "Tệp mẫu Excel") -> bytes:
    with page.expect_download() as got:
        page.get_by_role("button", name=name).click()
    return got.value.path().read_bytes()


def cell(page: Page, row: int, column: str) -> Locator:
    return page.locator(f'tr[data-row="{row}"]').get_by_label(f"{column}, dòng {row}", exact=True)


def correct(page: Page, row: int, column: str, text: str) -> None:
    editor = cell(page, row, column)
    expect(editor).to_have_attribute("aria-invalid", "true")
    if editor.evaluate("node => node.tagName") == "SELECT":
        editor.select_option(text)
    else:
        editor.fill(text)


def fact(page: Page, name: str) -> str:
    """Give what the receipt says of something."""
    return page.locator(f'#receipt [data-fact="{name}"] dd').inner_text()


def hold_receipt(page: Page, hub_url: str, file: bytes) -> None:
    """Hold the receipt of the walk against the file, its signature and the sheet of paper."""
    sheet = page.locator("#receipt")
    said = {name: fact(page, name) for name in ("sender", "accepted", "rejected", "file")}
    assert list(said.values()) == ["TEST", "14", "0", "hồ sơ tháng 5.xlsx"]
    assert fact(page, "sha256") == hashlib.sha256(file).hexdigest()
    expect(sheet.locator("tbody tr")).to_have_count(12)
    expect(sheet.locator("tbody tr").nth(6)).to_contain_text("hôm qua")
    receipt = fact(page, "receipt")
    page.reload()
    expect(sheet).to_contain_text(receipt, timeout=DATA_MS_MAX)
    with page.expect_download() as got:
        page.get_by_role("button", name="Tải biên nhận").click()
    saved = json.loads(got.value.path().read_text("utf-8"))
    keys = httpx.get(f"{hub_url}/.well-known/jwks.json").json()
    assert verify(saved["signed"], keys)["receipt"] == receipt
    assert page.evaluate("Object.keys(localStorage)") == []
    printed = pypdfium2.PdfDocument(page.pdf(format="A4"))
    assert len(printed) == 1
    text = printed[0].get_textpage().get_text_bounded().replace("\r\n", "")
    for word in (receipt, *said.values(), fact(page, "signature"), "jwks.json"):
        assert word in text, word


def test_a_clerk_walks_from_an_empty_file_to_a_printed_receipt(
    hub_url: str, hub_key: str, show: Show, forgiven: list[str]
) -> None:
    forgiven.append("401")
    before = figure_of(hub_url, "dossier_received_new")["numerator"]
    page = open_upload(show, hub_key)
    template = get_template(page)
    lines = rows("731")
    for number, column, wrong, _ in MISTAKES:
        lines[number - 2][column] = wrong
    file = filled(template, lines)
    choose(page, "hồ sơ tháng 5.xlsx", file)
    expect(page.locator("#counts")).to_have_text("5 dòng đúng, 9 dòng sai.", timeout=DATA_MS_MAX)

    understood = page.locator('#understood tr[data-field="occurred_at"] td')
    expect(understood).to_contain_text(
        ["Thời điểm xảy ra", "17/05/2023 08:00", "17/05/2023 08:00:00", "ngày trước tháng sau"]
    )
    expect(page.locator("#understood .passed")).to_contain_text("Hướng dẫn")
    expect(page.locator('#wrong td [aria-invalid="true"]')).to_have_count(12)
    why = cell(page, 3, "Mã TTHC").get_attribute("aria-describedby")
    expect(page.locator(f"#{why}")).to_contain_text("1.005129")
    expect(page.locator("#send")).to_have_text("Nộp 5 dòng")

    for number, column, _, right in MISTAKES[:6]:
        correct(page, number, column, right.format(mark="731"))
    expect(page.locator("#send")).to_be_disabled()
    page.reload()  # what was typed is kept, and the key, until the tab is closed
    expect(page.locator("#counts")).to_have_text("8 dòng đúng, 6 dòng sai.", timeout=DATA_MS_MAX)
    for number, column, _, right in MISTAKES[6:]:
        correct(page, number, column, right.format(mark="731"))
    page.get_by_role("button", name="Kiểm tra lại").click()
    expect(page.locator("#counts")).to_have_text("14 dòng đúng, 0 dòng sai.", timeout=DATA_MS_MAX)
    expect(page.locator("#wrong")).to_be_hidden()
    expect(page.locator("#sending")).to_contain_text("Hồ sơ tiếp nhận mới")
    share = page.locator("#sending tr", has_text="Tỷ lệ hồ sơ trực tuyến").first
    expect(share).to_contain_text(re.compile(r"[0-9]+,[0-9]{2}\s% → [0-9]+,[0-9]{2}\s%"))
    assert figure_of(hub_url, "dossier_received_new")["numerator"] == before
    page.locator("#send").click()
    sheet = page.locator("#receipt")
    expect(sheet).to_be_visible(timeout=DATA_MS_MAX)
    until(
        lambda: figure_of(hub_url, "dossier_received_new")["numerator"] == before + 14,
        "all fourteen rows are counted",
    )

    hold_receipt(page, hub_url, file)

    page.get_by_role("button", name="Nộp tệp khác").click()
    choose(page, "hồ sơ tháng 6.xlsx", filled(template, rows("732", 3)))
    expect(page.locator("#counts")).to_have_text("3 dòng đúng, 0 dòng sai.", timeout=DATA_MS_MAX)
    expect(page.locator("#wrong")).to_be_hidden()
    page.get_by_role("button", name="Nộp 3 dòng").click()
    expect(sheet.locator('[data-fact="file"] dd')).to_have_text(
        "hồ sơ tháng 6.xlsx", timeout=DATA_MS_MAX
    )
    assert fact(page, "accepted") == "3"


def test_what_is_left_wrong_is_said_and_waits_to_be_repaired(
    hub_url: str, hub_key: str, show: Show, forgiven: list[str]
) -> None:
    forgiven += ["401", "422"]
    page = open_upload(show, hub_key, 390, 844)
    lines = rows("733", 2)
    lines[1]["Kênh thực hiện"] = "qua mạng"
    lines[0]["Ngày hẹn trả"] = "tuần sau"
    header = get_template(page, "Tệp mẫu CSV").decode("utf-8-sig").strip()
    names = header.split(";")
    text = "\n".join([header, *(";".join(line.get(n, "") for n in names) for line in lines)])
    choose(page, "hồ sơ.csv", text.encode())
    expect(page.locator("#counts")).to_have_text("0 dòng đúng, 2 dòng sai.", timeout=DATA_MS_MAX)
    expect(page.locator("#send")).to_be_disabled()
    # A card of each wrong row shows the cells that are wrong, and all cells where asked.
    expect(cell(page, 2, "Mã TTHC")).to_have_count(0)
    page.get_by_label("Hiện và sửa mọi ô").check()
    expect(cell(page, 2, "Mã TTHC")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    correct(page, 2, "Ngày hẹn trả", "24/5/2023")
    page.get_by_role("button", name="Kiểm tra lại").click()
    expect(page.locator("#sending")).to_contain_text("Còn 1 dòng sai", timeout=DATA_MS_MAX)
    page.get_by_role("button", name="Nộp 1 dòng").click()
    sheet = page.locator("#receipt")
    expect(sheet.locator('[data-fact="rejected"] dd')).to_have_text("1", timeout=DATA_MS_MAX)
    expect(sheet.get_by_role("link", name="Sửa bản ghi bị từ chối")).to_be_visible()


def test_a_file_that_cannot_be_read_as_a_whole_is_said_why(
    hub_key: str, show: Show, forgiven: list[str]
) -> None:
    forgiven += ["401", "400"]
    page = open_upload(show, hub_key)
    choose(page, "ảnh.csv", b"a;b\n1;2\n")
    expect(page.locator("#file-trouble")).to_contain_text(
        "không thấy dòng tiêu đề", timeout=DATA_MS_MAX
    )
    expect(page.locator("#understood")).to_be_hidden()
    page.get_by_role("button", name="EN").click()
    expect(page.locator("#file-trouble")).to_contain_text("no header")
    expect(page.get_by_role("heading", level=1)).to_have_text("Send a file")


OWN_HEADER = (
    "Tên ngân hàng;Dịch vụ;Kiểu thanh toán;Nơi thu;Ngày BC;Lần;Số GD;Số KH;Doanh số (trđ);Mã"
)


def of_the_bank(*lines: str) -> bytes:
    return "\n".join([OWN_HEADER, *lines, ""]).encode()


def test_a_sender_s_own_form_is_confirmed_once_and_read_without_a_question_then(
    hub_key: str, show: Show, forgiven: list[str]
) -> None:
    forgiven += ["401", "400"]
    page = open_upload(show, hub_key)
    page.get_by_role("radio", name="Thống kê thanh toán").check()
    first = of_the_bank(
        "NH01;Tiền điện;Chuyển khoản;H57;05/2023;0;120;100;1.543,5;bank-1",
        "NH01;Học phí;Tiền mặt;H57;05/2023;0;20;10;43,25;bank-2",
    )
    choose(page, "ngân hàng tháng 5.csv", first)
    draft = page.locator("#mapping")
    expect(draft).to_contain_text("Chưa rõ cột này dùng làm gì", timeout=DATA_MS_MAX)
    # What the hub has understood by itself is filled in.
    expect(page.get_by_label("Cột Số KH dùng làm", exact=True)).to_have_value("customers")
    unit = page.get_by_label("Đơn vị tính của cột Doanh số (trđ)", exact=True)
    expect(unit).to_have_value("triệu đồng")
    expect(page.locator("#confirm")).to_be_disabled()
    decided = {"Tên ngân hàng": "reporter", "Kiểu thanh toán": "method", "Nơi thu": "area"}
    for header, field in (decided | {"Mã": "event_id"}).items():
        page.get_by_label(f"Cột {header} dùng làm", exact=True).select_option(field)
    page.reload()
    expect(draft).to_be_visible(timeout=DATA_MS_MAX)
    page.get_by_label("Hình thức: “Chuyển khoản” là", exact=True).select_option("cashless")
    page.locator("#confirm").click()
    expect(page.locator("#counts")).to_have_text(
        "2 dòng đúng, 0 dòng sai. Đọc theo bảng ánh xạ đã xác nhận của đơn vị.",
        timeout=DATA_MS_MAX,
    )
    amount = page.locator('#understood tr[data-field="amount_vnd"]')
    expect(amount).to_contain_text("đơn vị tính: triệu đồng")
    page.get_by_role("button", name="Nộp 2 dòng").click()
    sheet = page.locator("#receipt")
    expect(sheet).to_be_visible(timeout=DATA_MS_MAX)

    page.get_by_role("button", name="Nộp tệp khác").click()
    second = of_the_bank("NH01;Tiền nước;Chuyển khoản;H57;06/2023;0;12;9;7,5;bank-3")
    choose(page, "ngân hàng tháng 6.csv", second)
    expect(page.locator("#counts")).to_contain_text("1 dòng đúng, 0 dòng sai", timeout=DATA_MS_MAX)
    expect(draft).to_be_hidden()
    expect(page.locator("#wrong")).to_be_hidden()
    page.get_by_role("button", name="Nộp 1 dòng").click()
    expect(sheet.locator('[data-fact="accepted"] dd')).to_have_text("1", timeout=DATA_MS_MAX)
    assert fact(page, "file") == "ngân hàng tháng 6.csv"
