"""Pieces of bytes: cut out, told apart by how they begin, laid one after another."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hub.log import pieces

HEADS = [b"\x00ab", b"\x00cd"]
_values = st.lists(
    st.none()
    | st.binary(max_size=6)
    | st.builds(bytes.__add__, st.sampled_from(HEADS), st.binary())
)


@given(_values, st.integers(0, 3))
def test_pieces_are_told_apart_by_their_heads(values: list[bytes | None], skipped: int) -> None:
    column = pl.Series(values, dtype=pl.Binary)[skipped:]
    values = values[skipped:]
    which, rests = pieces.by_head(pieces.of(column), HEADS)
    heads = [None if v is None else v[:3] for v in values]
    assert which.tolist() == [HEADS.index(h) if h in HEADS else -1 for h in heads]
    known = [v[3:] for v in values if v is not None and v[:3] in HEADS]
    flat, ends = pieces.lay_out(rests)
    assert flat == b"".join(known)
    assert [len(x) for x in pieces.cut(flat, ends).to_pylist()] == [len(x) for x in known]


def test_a_column_in_chunks_is_one_of_pieces() -> None:
    column = pl.concat([pl.Series([b"\x00abx"]), pl.Series([b"\x00cdyz"])], rechunk=False)
    which, rests = pieces.by_head(pieces.of(column), HEADS)
    assert which.tolist() == [0, 1]
    assert pieces.lay_out(rests)[0] == b"xyz"
