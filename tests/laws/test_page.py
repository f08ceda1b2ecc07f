"""Laws about the scripts of the page: what a file holds, in which order, and from where."""

import re
from pathlib import Path

from tests.parts.pictures import BYTES_MAX

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "hub" / "page"
GROUPS = ROOT / "stream_jobs" / "groups"
SCRIPTS = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for folder in (FOLDER, GROUPS)
    for path in sorted(folder.rglob("*.js"))
}
LINES_MAX = 300
SVG = "http://www.w3.org/2000/svg"


def test_an_element_has_a_file_of_its_own_named_as_it_is() -> None:
    for name, text in SCRIPTS.items():
        tags = re.findall(r'customElements\.define\("([^"]+)"', text)
        # A group's module is named as the group is.
        assert tags in ([], [Path(name).stem]) or (ROOT / name).parent == GROUPS, name


def test_texts_are_in_vietnamese_first() -> None:
    firsts = {
        name: re.findall(r"\bwords\(\{\s*(\w+):", text)
        for name, text in SCRIPTS.items()
        if name != "hub/page/words.js"
    }
    assert sum(map(len, firsts.values())) > 20
    assert {name: langs for name, langs in firsts.items() if set(langs) - {"vi"}} == {}


def test_every_script_says_what_it_is_for_and_is_short() -> None:
    for name, text in SCRIPTS.items():
        assert text.startswith("// "), name
        assert text.count("\n") <= LINES_MAX, name


def test_nothing_comes_from_elsewhere() -> None:
    texts = {**SCRIPTS, **{p.name: p.read_text("utf-8") for p in FOLDER.glob("*.[ch]*")}}
    assert {"page.css", "shell.html"} <= texts.keys()
    for name, text in texts.items():
        assert re.findall(r"https?://|(?<=[\"'(])//\w", text.replace(SVG, "")) == [], name


def test_every_question_of_the_documents_has_its_picture() -> None:
    text = (ROOT / "docs" / "questions.md").read_text("utf-8")
    shown = re.findall(r"\]\(questions/([^)]+)\)", text)
    kept = {path.name: path.stat().st_size for path in (ROOT / "docs" / "questions").glob("*")}
    assert sorted(shown) == sorted(kept)
    assert max(kept.values()) <= BYTES_MAX
    assert len(re.findall(r"^## \d+\. ", text, re.MULTILINE)) == 15
