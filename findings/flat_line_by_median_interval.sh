#!/usr/bin/env bash
# ioos_qc 3.0.0 counts the window of its flat line test in points: the seconds that are given, divided
# by the median interval of whatever is handed over. So what one value is flagged by depends on the
# others in the same call: an hourly sensor that is stuck for six hours is suspect by itself, and
# good where the same call holds ten-minute values of a week later. With its default tolerance of 0
# nothing is ever flagged, as a range must be less than it.
#
# Run by hand: installs the package into a temporary folder and runs its own test there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ioos-qc==3.0.0 numpy==2.4.6
venv/bin/python - <<'PYTHON'
import numpy as np
from ioos_qc import qartod

hourly = np.array([5.0, 5.1] + [5.2] * 7 + [5.3])
at = np.datetime64("2026-03-01T00:00:00") + np.arange(10) * np.timedelta64(3600, "s")
later = 5 + np.arange(60) * 0.1
later_at = np.datetime64("2026-03-08T00:00:00") + np.arange(60) * np.timedelta64(600, "s")


def suspects(values, instants, tolerance):
    flags = qartod.flat_line_test(values, instants, 6 * 3600, 999 * 3600, tolerance)
    return np.flatnonzero(flags[:10] == 3).tolist()


alone = suspects(hourly, at, 0.001)
together = suspects(np.r_[hourly, later], np.r_[at, later_at], 0.001)
by_default = suspects(hourly, at, 0)
print(f"alone {alone}, with a week later {together}, with tolerance 0 {by_default}")
assert (alone, together, by_default) == ([8], [], [])
PYTHON
