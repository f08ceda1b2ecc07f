"""Wordings: what may stand in them, what is refused, and what an approval names."""

from dataclasses import replace

import pytest

from hub.bulletins.approval import ApprovalError, approve, is_approved
from hub.bulletins.wording import Wording, WordingError

WORDING = Wording("man", "sms", "Giám đốc", "Mặn", "Trạm {station}: {value} g/L.", "")


def test_places_are_filled_and_named() -> None:
    text, filled = WORDING.fill({"station": " Cống  Đôi ", "value": "4,5", "area": "x"})
    assert text == "Trạm Cống Đôi: 4,5 g/L."
    assert filled == {"station": "Cống Đôi", "value": "4,5"}


@pytest.mark.parametrize(
    ("text", "rule", "value"),
    [
        ("Gọi {name}", "unknown_name", "{name}"),
        ("{station.code}", "unknown_name", "{station.code}"),
        ("{station!r}", "malformed", "{station!r}"),
        ("{value:>9}", "malformed", "{value:>9}"),
        ("{}", "unknown_name", "{}"),
        ("Mặn {", "malformed", "Mặn {"),
        ("", "too_long", "0"),
        ("x" * 1_001, "too_long", "1001"),
    ],
)
def test_what_cannot_stand_in_a_wording_is_named(text: str, rule: str, value: str) -> None:
    with pytest.raises(WordingError) as refused:
        replace(WORDING, text=text).check()
    assert (refused.value.rule, refused.value.value) == (rule, value)
    assert "mẫu man (sms)" in refused.value.vi
    assert "wording man (sms)" in refused.value.en


@pytest.mark.parametrize(
    ("values", "rule", "field"),
    [
        ({"station": "ST01"}, "empty", "value"),
        ({"station": "x" * 61, "value": "1"}, "too_long", "station"),
        ({"station": "{value}", "value": "1"}, "too_long", "station"),
    ],
)
def test_what_fills_a_place_is_checked(values: dict[str, str], rule: str, field: str) -> None:
    with pytest.raises(WordingError) as refused:
        WORDING.fill(values)
    assert (refused.value.rule, refused.value.field) == (rule, field)


def test_an_approval_is_of_the_very_words_by_their_owner() -> None:
    with pytest.raises(ApprovalError, match="Giám đốc"):
        approve(WORDING, "Thư ký", "2023-03-01")
    ((row,),) = approve(WORDING, "Giám đốc", "2023-03-01").values()
    assert row["approved_by"] == "Giám đốc"
    others = [replace(WORDING, **{n: "khác"}) for n in ("name", "outlet", "owner", "title", "text")]
    digests = {w.digest for w in (WORDING, replace(WORDING, template="1"), *others)}
    assert row["digest"] in digests
    assert len(digests) == 7
    assert not is_approved(WORDING, {})
