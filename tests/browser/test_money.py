"""The page of payments and fees in a real browser: shares, who has not reported, what is open.

What must be seen is worked out by hand from the few statistics below, and from the seeded fees,
whose classes and amounts were written down before the hub saw them.
"""

import csv
import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from stream_jobs.matching import MATCHES
from stream_jobs.worked import fee, paid
from tests.parts import lists, loopback
from tests.parts.fees import year
from tests.stories.conftest import Served

Show = Callable[..., Page]
OPEN = [made for made in year(7, 300) if MATCHES[made.match].is_open]
TARGETS = (
    "payment_cashless_customer_share,province,,2024-01-01,2025-01-01,>=,0.5,,test",
    "payment_cashless_amount_share,province,,2024-01-01,2025-01-01,>,0.9,,test",
)
# NH01 owes January to March within five days; DIENLUC the year, for long; both report now, years
# after January and February were due.
DUTIES = (
    "sender,contract,party,cadence,events_per_due,due_days,valid_from,valid_to",
    ",payment,NH01,monthly,1,5,2024-01-01,2024-04-01",
    ",payment,DIENLUC,yearly,1,36500,2024-01-01,2025-01-01",
)
STATISTICS = [
    # Electricity: 600, 300 and 100 customers, twice as many payments; water: 10 and 30.
    paid("cashless", "2024", customers=600, amount=6_000_000),
    paid("collection_point", "2024", customers=300, amount=3_000_000),
    paid("cash", "2024", customers=100, amount=1_000_000),
    paid("cashless", "2024", customers=10, amount=900_000, service="water"),
    paid("cash", "2024", customers=30, amount=100_000, service="water"),
    # Told again: January is 50,000 more.
    paid("cashless", "2024-01", customers=5, amount=100_000, reporter="NH01", service="tuition"),
    paid("cashless", "2024-01", customers=5, amount=150_000, reporter="NH01", service="tuition")
    | {"revision": 2},
    paid("cashless", "2024-02", customers=7, amount=200_000, reporter="NH01", service="tuition"),
    paid("cashless", "2024", customers=10, amount=350_000, reporter="NH01", service="tuition"),
]
# One transaction under two fees of two dossiers, each of which by itself lacks a receipt alone.
SHARED = [
    event
    for code in ("H57.1-240105-8001", "H57.1-240105-8002")
    for event in (
        fee(code, "assessed", "2024-01-05", 80_000),
        fee(code, "paid", "2024-01-05", 80_000, transaction_id="FT-1", channel="cash"),
    )
]


@pytest.fixture(scope="module")
def money(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A hub with a few statistics, a seeded year of fees, duties and targets."""
    folder = tmp_path_factory.mktemp("money")
    reference = folder / "lists"
    shutil.copytree(lists.FOLDER, reference)
    targets = reference / "targets.csv"
    targets.write_text(targets.read_text("utf-8") + "".join(f"{t}\n" for t in TARGETS), "utf-8")
    (reference / "duties.csv").write_text("\n".join(DUTIES) + "\n", "utf-8")
    served = Served(folder / "hub")
    served.env["HUB_REFERENCE_DIR"] = str(reference)
    served.create_key()
    served.start()
    try:
        assert served.post("payment", STATISTICS).status_code == 202
        events = [event for made in year(7, 300) for event in made.events]
        assert served.post("fee", [*events, *SHARED]).status_code == 202
        served.settle()
        yield served
    finally:
        served.kill()


@pytest.fixture(scope="module")
def hub_url(money: Served) -> str:
    """Where `show` opens pages: at this hub, and not at the demo's."""
    return money.url


def at(show: Show, query: str = "?period=2024") -> Page:
    page = show(query, path="money")
    expect(page.locator("#list-note")).not_to_be_empty()
    expect(page.locator("#shares tbody tr").first).to_be_visible()
    expect(page.locator("#found")).not_to_be_empty()
    return page


def written(n: int) -> str:
    return f"{n:,}".replace(",", ".")


def test_shares_stand_against_their_targets_with_those_who_have_not_reported(show: Show) -> None:
    """Customers 620 of 1,050 are 59.05 %, payments as many; 7.25 of 11.35 million đồng are 63.88 %.

    Of four reports that were owed one is missing.
    """
    page = at(show)
    whole = page.locator('#shares tr[data-code=""] td')
    expect(whole.nth(0)).to_contain_text("59,05")
    expect(whole.nth(0)).to_contain_text("620 / 1.050")
    expect(whole.nth(0)).to_contain_text("Mục tiêu ≥ 50")
    expect(whole.nth(0).locator(".mark")).to_have_text("✓Đạt")
    expect(whole.nth(1)).to_contain_text("1.240 / 2.100")
    expect(whole.nth(2)).to_contain_text("63,88")
    expect(whole.nth(2)).to_contain_text("Mục tiêu > 90")
    expect(whole.nth(2).locator(".mark")).to_have_text("✗Không đạt")
    expect(whole.nth(5)).to_contain_text("75,0\u00a0% · chưa đủ")
    water = page.locator('#shares tr[data-code="water"]')
    expect(water.locator("th")).to_have_text("nước")
    expect(water.locator("td").nth(0)).to_contain_text("10 / 40")
    late = page.locator("#late li")
    expect(late).to_have_count(3)
    expect(late.nth(0)).to_contain_text("Thiếu NH01 kỳ 2024-03, hạn 05/04/2024")
    expect(late.nth(1)).to_contain_text("Trễ NH01 kỳ 2024-01, hạn 05/02/2024")
    expect(page.locator("#late-note")).to_have_text("1 thiếu, 2 trễ; chưa đến hạn: 0")
    page.locator('[data-split="reporter"]').click()
    expect(page.locator('#shares tr[data-code="DIENLUC"] td').nth(0)).to_contain_text("610 / 1.040")
    page.locator('[data-split="month"]').click()
    expect(page.locator('#shares tr[data-code="2024-01"] td').nth(4)).to_contain_text("150.000")
    assert "split=month" in page.url


def test_fees_that_do_not_match_are_aged_filtered_sorted_and_saved(show: Show) -> None:
    apart = sum(made.apart for made in OPEN) + 2 * 80_000
    page = at(show)
    expect(page.locator("#list-note")).to_contain_text(f"Số dòng: {len(OPEN) + 2};")
    assert page.locator("#list tbody tr").count() == len(OPEN) + 2
    names = {doc.title.vi for name, doc in MATCHES.items() if doc.is_open}
    assert set(page.locator("#ageing tbody th").all_inner_texts()) == names
    total = page.locator("#ageing tfoot td")
    expect(total.nth(4)).to_have_text(str(len(OPEN) + 2))
    expect(total.nth(5)).to_have_text(written(apart))
    ages = [int(total.nth(i).inner_text()) for i in range(4)]
    assert sum(ages) == len(OPEN) + 2

    heading = page.locator('#list th[data-column="gap_vnd"]')
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    heading.get_by_role("button").press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    greatest = max(made.apart for made in OPEN)
    first = page.locator('#list tbody tr td[data-column="gap_vnd"]').first
    expect(first).to_have_text(written(max(greatest, 80_000)))

    mine = [m for m in OPEN if m.match == "unsettled" and m.entity.startswith("H57.3-")]
    assert mine
    page.locator('#asked [name="unit"]').fill("H57.3")
    page.locator('#asked [name="match"]').select_option("unsettled")
    page.locator('#asked [type="submit"]').click()
    rows = page.locator("#list tbody tr")
    expect(rows).to_have_count(len(mine))
    expect(rows.first).to_contain_text("Đối chiếu sao kê, hỏi ngân hàng")
    expect(rows.first).to_contain_text("Ngân hàng, trung gian thanh toán")
    with page.expect_download() as started:
        page.locator('#asked [data-format="csv"]').click()
    assert started.value.suggested_filename == "fees_unmatched-2024.csv"
    saved = Path(started.value.path()).read_text("utf-8-sig")
    told = list(csv.reader(io.StringIO(saved), delimiter=";"))
    assert {row[0] for row in told[1:]} == {made.entity for made in mine}
    with page.expect_download() as started:
        page.locator('#asked [data-format="xlsx"]').click()
    assert Path(started.value.path()).read_bytes()[:2] == b"PK"
    # What is filtered and split can be sent to somebody.
    page.reload()
    expect(rows).to_have_count(len(mine))


def test_calendar_revisions_and_findings_in_english(show: Show, forgiven: list[str]) -> None:
    forgiven.append("status of 400")  # of the reporter whom nobody knows
    page = at(show, "?period=2024&lang=en&list=payment_calendar")
    rows = page.locator("#list tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.nth(0)).to_contain_text("Missing, past due")
    expect(page.locator("#ageing")).to_be_hidden()
    page.locator('[data-list="payment_revisions"]').click()
    expect(rows).to_have_count(1)
    expect(rows.locator('[data-column="amount_vnd_difference"]')).to_have_text("50,000")
    expect(rows.locator('[data-column="sender"]')).to_have_text("tester")
    found = page.locator('#findings li[data-rule="fee_document_shared"]')
    expect(found).to_have_count(1)
    expect(found).to_contain_text("One document under several fees")
    expect(found).to_contain_text("H57.1-240105-8001|LP01 H57.1-240105-8002|LP01")
    page.locator('#asked [name="reporter"]').fill("NH9")
    page.locator('#asked [type="submit"]').click()
    expect(page.locator(".notice")).to_contain_text("neither the lists nor the data know it")


def test_a_phone_does_not_scroll_sideways_and_a_wall_is_filled(show: Show) -> None:
    page = at(show)
    for width in (390, 1440, 3840):
        page.set_viewport_size({"width": width, "height": 900})
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, width
    page.set_viewport_size({"width": 390, "height": 844})
    inside: Any = page.evaluate(
        "[...document.querySelectorAll('.scroll')].map((box) => box.scrollWidth - box.clientWidth)"
    )
    assert max(inside) <= 0, "a table has to be pushed sideways"


def test_dark_and_on_paper_it_is_the_same_tables(show: Show) -> None:
    page = at(show)
    page.emulate_media(color_scheme="dark")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(13, 20, 27)"
    page.emulate_media(color_scheme="light", media="print")
    for shown in ("#shares", "#late", "#ageing", "#list"):
        expect(page.locator(shown)).to_be_visible()
    for hidden in ("#splits", "#lists", "#asked"):
        expect(page.locator(hidden)).to_be_hidden()


def test_the_command_lists_what_the_page_shows(money: Served) -> None:
    asked = ("payment_revisions", "--period", "2024", "--where", "reporter=NH01")
    done = money.run("list", *asked)
    assert done.returncode == 0, done.stderr
    (told,) = list(csv.DictReader(io.StringIO(done.stdout), delimiter=";"))
    assert told["Số tiền, đồng: chênh lệch"] == "50000"
    assert told["Bên gửi"] == "tester"
    refused = money.run("list", "payment_revisions", "--where", "NH01")
    assert refused.returncode == 2
    findings = money.run("report", "findings", "2024", "--contract", "fee")
    assert "H57.1-240105-8001|LP01 H57.1-240105-8002|LP01" in findings.stdout


def test_a_reporter_sees_its_own_calendar_revisions_and_findings(money: Served) -> None:
    kept = money.key
    own = money.create_key("NH01", "--contracts", "payment", "--reporters", "NH01")
    money.key = kept

    def get(path: str) -> Any:
        headers = {"Authorization": f"Bearer {own}"}
        return loopback.get(f"{money.url}{path}", headers=headers)

    for name in ("payment_calendar", "payment_revisions"):
        rows = get(f"/v1/lists/{name}?period=2024").json()["rows"]
        assert rows, name
        assert {row["code"].split("|")[0] for row in rows} == {"NH01"}
    assert get("/v1/lists/fees_unmatched?period=2024").status_code == 403
    assert get("/v1/findings?period=2024&contract=fee").status_code == 403
