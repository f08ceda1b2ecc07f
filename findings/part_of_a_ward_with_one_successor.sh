#!/usr/bin/env bash
# vietnam-provinces 2026.9.0 says of 573 of 10,033 old wards that they were merged only in part, and
# names a single successor for 132 of these: where the rest went is not in the table, though each
# entry is a tuple of successors. Who re-bases figures of before 1/7/2025 by it takes a part for the
# whole without a word. Entries of more than one successor are marked as parts without exception.
#
# Run by hand: downloads the wheel into a temporary folder and reads its table there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
# The package asks for Python 3.12; the table itself is plain Python of any version.
venv/bin/pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
  --python-version 3.13 vietnam-provinces==2026.9.0
venv/bin/python - <<'PYTHON'
import glob, runpy, zipfile

with zipfile.ZipFile(glob.glob("*.whl")[0]) as wheel:
    wheel.extract("vietnam_provinces/_ward_conversion_2025.py")
entries = runpy.run_path("vietnam_provinces/_ward_conversion_2025.py")["OLD_TO_NEW"].values()
parts = [e for e in entries if e.old_ward.is_partly_merged]
alone = [e for e in parts if len(e.new_wards) == 1]
unmarked = [e for e in entries if len(e.new_wards) > 1 and not e.old_ward.is_partly_merged]
print(f"{len(entries)} old wards, {len(parts)} merged in part, {len(alone)} of them into one ward")
assert (len(entries), len(parts), len(alone), len(unmarked)) == (10033, 573, 132, 0)
PYTHON
