"""What a server does by itself rests between rounds, and people do not wait for minutes."""

import pytest

from hub.http.upkeep import rest_after


@pytest.mark.parametrize(
    ("took", "rest"),
    [
        (0.0, 2.0),  # every two seconds, where a look costs nothing
        (0.1, 2.0),
        (0.5, 10.0),  # a twentieth of the time, where it costs something
        (0.75, 15.0),
        (4.0, 15.0),  # a slow machine: an alert was looked for 80 s later once
        (60.0, 15.0),
    ],
)
def test_alerts_are_looked_at_again_within_a_quarter_of_a_minute(took: float, rest: float) -> None:
    assert rest_after(took) == pytest.approx(rest)
