"""Figures as tests compare them: one whole figure, ratios, by key."""

from typing import Any

Json = dict[str, Any]


def ratios(figures: list[Json]) -> list[tuple[int, int]]:
    return [(f["numerator"], f["denominator"]) for f in figures]


def whole(figures: list[Json]) -> int:
    (figure,) = figures
    assert figure["value"] == str(figure["numerator"])
    return int(figure["numerator"])


def keyed(figures: list[Json]) -> dict[tuple[Any, ...], int]:
    return {tuple(f["dims"].values()): f["numerator"] for f in figures}
