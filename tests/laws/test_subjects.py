"""The subject of a commit says where and what: `area: imperative`, short, and once."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Earlier subjects were written before there was a rule.
SINCE = "rooms: move every module"
LENGTH_MAX = 99
FORM = re.compile(r"[a-z][a-z0-9 _-]*: [^\s.,;:]")
MERGE = "merge: "
# Words that end like a past or a present participle, and are none.
PLAIN = {
    *("bring", "ping", "ring", "string"),
    *("embed", "exceed", "feed", "need", "proceed", "seed", "shed", "shred", "speed", "succeed"),
}


def flaws(subjects: list[str]) -> Iterator[str]:
    """Name what is wrong with subjects; the lead's merges may have one twice."""
    for subject in subjects:
        _, _, what = subject.partition(": ")
        verb = what.partition(" ")[0]
        if not FORM.match(subject):
            yield f"{subject!r} does not begin with a lower-case area, and what is done"
        elif verb.endswith(("ed", "ing")) and verb not in PLAIN:
            yield f"{subject!r} does not say what to do, but {verb!r}"
        if len(subject) > LENGTH_MAX:
            yield f"{subject!r} is longer than {LENGTH_MAX} characters"
    for subject, times in Counter(s for s in subjects if not s.startswith(MERGE)).items():
        if times > 1:
            yield f"{subject!r} stands {times} times"


def since_the_rule(subjects: list[str]) -> list[str]:
    """Leave out what is older, newest first; of a shallow clone that begins later, nothing."""
    ends = [i for i, subject in enumerate(subjects) if subject.startswith(SINCE)]
    return subjects[: ends[0]] if ends else subjects


def test_subjects_say_where_and_what() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("there is no history here")
    log = ["git", "-C", str(ROOT), "log", "--topo-order", "--format=%s"]
    done = subprocess.run(log, capture_output=True, text=True, check=True)
    assert list(flaws(since_the_rule(done.stdout.splitlines()))) == []


@pytest.mark.parametrize(
    "subject",
    [
        "apply: find a batch's change in named steps",
        "merge: the heart as named steps, and long files by what they do",
        "http: serve the pages from hub/http/pages.py",
        "bench: feed every peer the same records",
    ],
)
def test_a_good_subject_has_no_flaw(subject: str) -> None:
    assert list(flaws([subject])) == []


@pytest.mark.parametrize(
    "subject",
    [
        "hub/apply/applier.py",
        "hub/apply/applier.py: split it",
        "Apply: split it",
        "A fault in one event does not end the page's stream",
        "apply:split it",
        "apply: ",
        "apply: splitting the long file",
        "apply: mended what was slow",
        f"apply: split it {'very ' * 20}well",
        "Merge branch 'http'",
    ],
)
def test_another_subject_is_refused(subject: str) -> None:
    assert list(flaws([subject])) != []


def test_no_subject_stands_twice_but_a_merge() -> None:
    twice = ["apply: split it", "merge: apply", "apply: split it", "merge: apply"]
    assert list(flaws(twice)) == ["'apply: split it' stands 2 times"]


def test_what_is_older_than_the_rule_is_left_alone() -> None:
    old = "More of the same"
    assert since_the_rule(["a: b", f"{SINCE} of the hub", old]) == ["a: b"]
    assert since_the_rule(["a: b", "c: d"]) == ["a: b", "c: d"]
