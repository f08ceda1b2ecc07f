"""Words in the order of a Vietnamese dictionary."""

import pytest

from hub.sheets.collation import collated


@pytest.mark.parametrize(
    "words",
    [
        # Hoàng Phê's dictionary: letters first, then none, huyền, hỏi, ngã, sắc, nặng.
        ["ma", "mà", "mả", "mã", "má", "mạ", "man"],
        ["an", "ăn", "ân", "bạn", "đi", "em"],
        ["Dương", "Đà", "Em"],  # Đ is a letter after D
        ["o", "ô", "ơ", "p"],
        ["u", "ư", "v"],
        ["Sở 2", "Sở 10", "Sở Y tế"],
        ["bàn", "ban hành", "bàng"],  # a blank stands before any letter
    ],
)
def test_words_stand_as_in_a_dictionary(words: list[str]) -> None:
    for spelled in (words, [word.upper() for word in words]):
        turned = spelled[::-1]
        assert sorted(turned, key=collated) == spelled


def test_decomposed_letters_are_the_same() -> None:
    assert collated("Xa\u0303") == collated("Xã")
