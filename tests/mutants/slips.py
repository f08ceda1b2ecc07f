"""Slips that a hand makes, found by rules in the syntax of a module, one mutant each.

A mutant is the module with one thing other than it was: a comparison, a condition left out, a value
for its neighbour (another clock, role, kind, measure), numerator for denominator.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

# What says nothing of a number: words for people, what is shown or published of it, what is only
# for speed, and events of worked examples.
WORDS = {"Doc", "Example", "asked"}
PLAIN_KEYWORDS = {
    *("title", "question", "owner", "group", "heading", "number", "unit_of_count", "row_title"),
    *("source", "examples", "indexes", "sql_indexes", "types", "measure_unit", "listed", "under"),
    *("shown", "opened"),
}
PLAIN_NAMES = {"OWNER", "SOURCE", "UNIT_OF_COUNT", "PAPERS"}
COMPARED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
CALLED = {
    "max": "min", "min": "max", "max_horizontal": "min_horizontal", "any": "all",
    "min_horizontal": "max_horizontal", "is_null": "is_not_null", "is_not_null": "is_null",
    "eq_missing": "ne_missing",
}  # fmt: skip
DROPPED = {"only", "scale", "is_ahead", "is_recomputed", "value", "role", "contract"}
INSTANTS = {"{start}": "{until}", "{until}": "{start}"}
COMPARISONS = {"<=": "<", ">=": ">", "<>": "=", "<": "<=", ">": ">=", "=": "<>"}
_SQL = re.compile(
    r"<=|>=|<>|<|>|=|\bIS (?:NOT )?NULL\b|\bAND\b|\bOR\b|\bIN \(|\{\w+\}|'\w+'|\b[a-z_]+\b"
)
_LIKE_SQL = re.compile(r"\bIS (?:NOT )?NULL\b|\bIN \(|[<>=]|\bCASE\b|\bMAX\(|\bCOUNT\(")
_ATOM = re.compile(
    r"\b[a-z_]+ (?:IS (?:NOT )?NULL|(?:<=|>=|<>|<|>|=) (?:'\w+'|\d+|\{\w+\}|[a-z_]+)"
    r"|IN \([^()]*\)|BETWEEN \S+ AND \S+)"
)


@dataclass(frozen=True)
class Slip:
    """One mutant: which module, where in it, and what is done to which node of its syntax."""

    module: str
    where: str
    what: str
    source: str
    number: int
    edit: Callable[[ast.AST], object]
    nth: int = 1

    @property
    def name(self) -> str:
        """Name it for people and for the list of those that live; without a line, as lines move."""
        again = f" ({self.nth})" if self.nth > 1 else ""
        return f"{self.module}: {self.what} in {self.where}{again}"

    @property
    def tree(self) -> ast.Module:
        """Give the syntax of the module with the slip in it."""
        tree = ast.parse(self.source)
        self.edit(next(n for i, n in enumerate(ast.walk(tree)) if i == self.number))
        return ast.fix_missing_locations(tree)


@dataclass(frozen=True)
class Neighbours:
    """Words that a hand takes for one another, in sets: a word's next in its set stands for it."""

    sets: Sequence[Sequence[str]]

    def of(self, word: str) -> Iterator[str]:
        """Give the next word of each set that has it."""
        for words in self.sets:
            if word in words and len(words) > 1:
                yield words[(words.index(word) + 1) % len(words)]


def slips(module: str, source: str, neighbours: Neighbours) -> Iterator[Slip]:
    """Make every slip of a module, one at a time."""
    tree = ast.parse(source)
    # By their place among all nodes, so that the same one is found again in a copy.
    numbers = {id(node): i for i, node in enumerate(ast.walk(tree))}
    statements = {
        id(node): f"{_first_words(statement)} … {_short(node)}"
        for statement in tree.body
        for node in ast.walk(statement)
    }
    alike: Counter[tuple[str, str]] = Counter()
    for node in said(tree):
        for what, edit in edits(node, neighbours):
            where = statements[id(node)]
            alike[where, what] += 1
            nth = alike[where, what]
            yield Slip(module, where, what, source, numbers[id(node)], edit, nth)


def said(tree: ast.AST) -> Iterator[ast.AST]:
    """Give the nodes of a tree that say something of a number."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Import | ast.ImportFrom | ast.arguments):
            continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue  # a docstring
        if isinstance(child, ast.Call) and name_of(child.func) in WORDS:
            continue
        if isinstance(child, ast.keyword) and child.arg in PLAIN_KEYWORDS:
            continue
        if isinstance(child, ast.Assign) and name_of(child.targets[0]) in PLAIN_NAMES:
            continue
        if isinstance(child, ast.AnnAssign) and child.value is not None:
            yield from said(ast.Module([ast.Expr(child.value)], []))
            continue
        if isinstance(child, ast.FunctionDef):
            yield from said(ast.Module(child.body, []))
            continue
        yield child
        yield from said(child)


def name_of(node: ast.expr) -> str:
    """Give the last name of what is called or assigned."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def edits(node: ast.AST, neighbours: Neighbours) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    """Give what a hand may do to a node, in words and as an edit of it."""
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            other = COMPARED[type(op)]
            yield f"{type(op).__name__} -> {other.__name__}", _set("ops", i, other())
    elif isinstance(node, ast.BoolOp):
        yield (
            "and <-> or",
            _set("op", None, ast.Or() if isinstance(node.op, ast.And) else ast.And()),
        )
        for i in range(len(node.values)):
            yield f"leave out condition {i + 1}", _drop("values", i)
    elif isinstance(node, ast.BinOp):
        yield from _of_operator(node)
    elif isinstance(node, ast.If):
        for value in (True, False):
            yield f"if {value}", _set("test", None, ast.Constant(value))
    elif isinstance(node, ast.IfExp):
        for value in (True, False):
            yield f"... if {value}", _set("test", None, ast.Constant(value))
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        for i, item in enumerate(node.elts):
            if isinstance(getattr(node, "ctx", None), ast.Store):
                continue
            yield f"leave out {_short(item)}", _drop("elts", i)
    elif isinstance(node, ast.Dict):
        for i, key in enumerate(node.keys):
            yield f"leave out {_short(key)}", _drop_both(i)
    elif isinstance(node, ast.Call):
        yield from _of_call(node)
    elif isinstance(node, ast.Constant):
        yield from _of_constant(node.value, neighbours)


def _of_operator(node: ast.BinOp) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    swaps: dict[type[ast.operator], ast.operator] = {
        ast.Add: ast.Sub(), ast.Sub: ast.Add(), ast.BitAnd: ast.BitOr(), ast.BitOr: ast.BitAnd(),
    }  # fmt: skip
    if type(node.op) not in swaps:
        return
    yield f"{type(node.op).__name__} -> other", _set("op", None, swaps[type(node.op)])
    if isinstance(node.op, ast.BitAnd | ast.BitOr):
        for side in ("left", "right"):
            yield f"leave out the {side} condition", _become(side)


def _of_call(node: ast.Call) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    name = name_of(node.func)
    if name in CALLED:
        field = "attr" if isinstance(node.func, ast.Attribute) else "id"
        yield f"{name} -> {CALLED[name]}", lambda n: setattr(n.func, field, CALLED[name])  # type: ignore[attr-defined]
    if name in ("when", "then") and node.args and name == "when":
        yield "when: always", _set("args", 0, ast.parse("pl.lit(True)", mode="eval").body)
    if name in ("where", "filter") and isinstance(node.func, ast.Attribute):
        yield f"leave out .{name}", _keep_object
    keywords = [k.arg for k in node.keywords]
    if "numerator" in keywords and "denominator" in keywords:
        yield "numerator <-> denominator", _swap_terms
    for i, keyword in enumerate(keywords):
        if keyword in DROPPED:
            yield f"leave out {keyword}=", _drop("keywords", i)


def _of_constant(
    value: object, neighbours: Neighbours
) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    if isinstance(value, bool):
        yield f"{value} -> {not value}", _set("value", None, not value)
    elif isinstance(value, int):
        yield f"{value} -> {value + 1}", _set("value", None, value + 1)
    elif isinstance(value, str):
        for other in neighbours.of(value):
            yield f"{value} -> {other}", _set("value", None, other)
        if _LIKE_SQL.search(value) or " AND " in value:
            for what, text in of_sql(value, neighbours):
                yield what, _set("value", None, text)


def of_sql(text: str, neighbours: Neighbours) -> Iterator[tuple[str, str]]:
    """Make every slip of a condition, or of a part of one."""
    for match in _SQL.finditer(text):
        token = match[0]
        if token in COMPARISONS:
            others = [COMPARISONS[token]]
        elif token.startswith("IS "):
            others = ["IS NULL" if "NOT" in token else "IS NOT NULL"]
        elif token in ("AND", "OR"):
            is_between = "BETWEEN" in text[: match.start()].rpartition(" AND ")[2]
            others = [] if is_between else ["OR" if token == "AND" else "AND"]
        elif token == "IN (":
            others = ["NOT IN ("]
        elif token in INSTANTS:
            others = [INSTANTS[token]]
        else:
            bare = token.strip("'{}")
            others = [token.replace(bare, other) for other in neighbours.of(bare)]
        for other in others:
            near = text[max(0, match.start() - 12) : match.end() + 12]
            what = f"{token} -> {other} (`{near}`)"
            yield what, f"{text[: match.start()]}{other}{text[match.end() :]}"
    for match in _ATOM.finditer(text):
        yield f"leave out {match[0]}", f"{text[: match.start()]}1 = 1{text[match.end() :]}"
    items = (m for p in (r"'\w+', ", r", '\w+'(?=\))") for m in re.finditer(p, text))
    for match in items:
        yield f"leave out {match[0].strip(', ')}", text[: match.start()] + text[match.end() :]


def _short(node: ast.AST | None) -> str:
    return " ".join(ast.unparse(node).split())[:60] if node is not None else "**"


def _first_words(statement: ast.stmt) -> str:
    """Give the name that a statement defines, else how it begins."""
    if isinstance(statement, ast.Assign):
        return ast.unparse(statement.targets[0])
    if isinstance(statement, ast.AnnAssign):
        return ast.unparse(statement.target)
    return getattr(statement, "name", _short(statement)[:20])


def _set(field: str, index: int | None, value: object) -> Callable[[ast.AST], None]:
    def edit(node: ast.AST) -> None:
        if index is None:
            setattr(node, field, value)
        else:
            getattr(node, field)[index] = value

    return edit


def _drop(field: str, index: int) -> Callable[[ast.AST], None]:
    return lambda node: getattr(node, field).pop(index)


def _drop_both(index: int) -> Callable[[ast.AST], None]:
    def edit(node: ast.AST) -> None:
        assert isinstance(node, ast.Dict)
        node.keys.pop(index)
        node.values.pop(index)

    return edit


def _become(side: str) -> Callable[[ast.AST], None]:
    """Turn `a & b` into one of the two."""

    def edit(node: ast.AST) -> None:
        assert isinstance(node, ast.BinOp)
        kept = node.right if side == "left" else node.left
        node.left = node.right = kept
        node.op = ast.BitAnd()

    return edit


def _keep_object(node: ast.AST) -> None:
    """Turn `term.where(...)` into `(term)`, by a call that does nothing."""
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Attribute)
    kept = node.func.value
    node.func = ast.Lambda(ast.arguments([], [], None, [], [], None, []), kept)
    node.args, node.keywords = [], []


def _swap_terms(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)
    for keyword in node.keywords:
        if keyword.arg in ("numerator", "denominator"):
            keyword.arg = "denominator" if keyword.arg == "numerator" else "numerator"
