"""Makes every slip, and says who noticed: `python -m tests.mutants [WORD …]`, a part by its name.

Ends with 1 where a slip lives that no `lived*.csv` gives a reason for, or one dies that has one.
"""

import sys
import time

from tests.mutants.run import judged, run, unknown
from tests.mutants.worlds import all_slips


def main() -> int:
    """Run all slips whose names have one of the words given, if any are."""
    words = sys.argv[1:]
    chosen = [s for s in all_slips() if not words or any(word in s.name for word in words)]
    if not chosen:
        print(f"no slip has {' or '.join(words)} in its name\n{__doc__}", file=sys.stderr)
        return 2
    begun = time.monotonic()
    notices = run(chosen, lambda line: print(line, flush=True))
    print("\n".join(judged(notices)))
    print(f"{time.monotonic() - begun:.0f} s")
    wrong = unknown(notices)
    for name in wrong:
        print(name)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
