#!/usr/bin/env bash
# gsw 3.6.23 gives 34.997 and not 35 for 42.914 mS/cm at "15 °C" and 0 dbar, the point that PSS-78 is
# defined by: its temperatures are of ITS-90, the scale's of IPTS-68, of which 15 °C is 14.99640 °C.
# It is right so; who takes the textbook's check value without the scale sees a difference of 0.003.
#
# Run by hand: installs the package into a temporary folder and asks it there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check gsw==3.6.23 numpy==2.4.6
venv/bin/python - <<'PYTHON'
import gsw

of_90, of_68 = (float(gsw.SP_from_C(42.914, t, 0)) for t in (15.0, 15.0 / 1.00024))
print(f"15 °C of ITS-90: {of_90:.4f}; 15 °C of IPTS-68: {of_68:.4f}")
assert (f"{of_90:.4f}", f"{of_68:.4f}") == ("34.9968", "35.0000")
PYTHON
