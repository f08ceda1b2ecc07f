"""Fee: what dossier, transactions and receipts say of one fee of a dossier, and how they match.

A document (an assessment, a transaction, a receipt) may be told of several times, as by the portal
and by the bank's statement: its last word counts. Amounts are whole đồng, and none is lost:
assessed = paid - refunded + outstanding - excess. `documents` names what counts of transactions and
receipts, each as kind|number=amount: what two fees claim of one shows between facts alone.
"""

from datetime import date
from typing import Any

import polars as pl

from hub.clock import DAY_US, EPOCH_DATE, OFFSET_US
from hub.definitions.contract import Doc
from hub.definitions.fact import Fact, LiveEvent, Measure, day_expr, of
from stream_jobs.matching import MATCHES, judge

_OPEN = ", ".join(f"'{name}'" for name, match in MATCHES.items() if match.is_open)
_BY = (("match",), ("unit",))
_kind, _amount = pl.col("kind"), pl.col("amount_vnd")
_CLAIMS = ("paid", "refunded", "receipt_issued")  # what claims a transaction or a receipt
_RECEIPTS = ("receipt_issued", "receipt_cancelled")
# A cancelled receipt is the last word on the receipt of its number.
_document = (
    pl.when(_kind.is_in(_RECEIPTS))
    .then("receipt|" + pl.col("receipt_number"))
    .when(_kind == "assessed")
    .then(pl.lit("assessed"))
    .otherwise(_kind + "|" + pl.col("transaction_id"))
)
_is_last = _document.is_last_distinct()
_is_paid = _is_last & (_kind == "paid")
_is_claimed = _is_last & _kind.is_in(_CLAIMS)
_claimed = (_document + "=" + _amount.cast(pl.String)).filter(_is_claimed)
_is_banked = _is_paid & (pl.col("channel") != "cash")
_settled_day = pl.col("settled_on").str.to_date("%Y-%m-%d").cast(pl.Int64)


def _sum(where: pl.Expr) -> pl.Expr:
    return _amount.filter(where).sum().fill_null(0)


_assessed = pl.col("assessed")
_a = _assessed.fill_null(0)
_n, _r = pl.col("paid") - pl.col("refunded"), pl.col("receipted")
_match = (
    pl.when(pl.col("first_at").is_null())
    .then(None)
    .when(_assessed.is_null() & ((_n != 0) | (_r != 0)))
    .then(pl.lit("unassessed"))
    .when(_n < 0)
    .then(pl.lit("refund_exceeds"))
    .when((_n > _a) & (pl.col("amounts") < pl.col("payments")))
    .then(pl.lit("paid_twice"))
    .when(_n > _a)
    .then(pl.lit("overpaid"))
    .when((_r > 0) & (pl.col("paid") == 0))
    .then(pl.lit("cash_unrecorded"))
    .when((_r > _n) & (pl.col("refunded") > 0))
    .then(pl.lit("receipt_stands"))
    .when((_n == 0) & (_a > 0))
    .then(pl.lit("unpaid"))
    .when(_n < _a)
    .then(pl.lit("underpaid"))
    .when((_r == 0) & (_n > 0))
    .then(pl.lit("receipt_missing"))
    .when(_r != _n)
    .then(pl.lit("receipt_differs"))
    .when(pl.col("unsettled") > 0)
    .then(pl.lit("unsettled"))
    .when("is_other_day")
    .then(pl.lit("cut_off"))
    .otherwise(pl.lit("matched"))
)
_sides = (_a, _n, _r)
_apart = pl.max_horizontal(*_sides) - pl.min_horizontal(*_sides)
_there = pl.col("first_at").is_not_null()


def recount(events: list[LiveEvent]) -> dict[str, Any]:
    """Fold one fee's live events, least first, in plain Python."""
    fact: dict[str, Any] = dict.fromkeys(FACT.types)
    if not events:
        return fact
    last: dict[tuple[str, str | None], LiveEvent] = {}
    for event in events:
        kind = event["kind"]
        name = event["receipt_number"] if kind in _RECEIPTS else event["transaction_id"]
        side = "receipt" if kind in _RECEIPTS else kind
        last[side, None if kind == "assessed" else name] = event

    def total(kind: str) -> int:
        return sum(e["amount_vnd"] for e in last.values() if e["kind"] == kind)

    paid = [e for e in last.values() if e["kind"] == "paid"]
    banked = [e for e in paid if e["channel"] != "cash"]
    assessed = last.get(("assessed", None))
    for name in ("dossier_code", "fee_code", "unit"):
        fact[name] = events[-1][name]
    fact["begun_at"] = min(e["occurred_at"] for e in events)
    fact["changed_at"] = max(e["occurred_at"] for e in events)
    fact["assessed_vnd"] = None if assessed is None else assessed["amount_vnd"]
    fact["paid_vnd"], fact["refunded_vnd"] = total("paid"), total("refunded")
    fact["net_vnd"] = fact["paid_vnd"] - fact["refunded_vnd"]
    fact["receipted_vnd"] = total("receipt_issued")
    fact["unsettled_vnd"] = sum(e["amount_vnd"] for e in banked if e["settled_on"] is None)
    sides = (fact["assessed_vnd"] or 0, fact["net_vnd"], fact["receipted_vnd"])
    # What was assessed is no document, and a cancelled receipt is claimed by nobody.
    claims = [key for key, e in last.items() if e["kind"] not in ("assessed", "receipt_cancelled")]
    fact["documents"] = ";".join(
        sorted(f"{side}|{name}={last[side, name]['amount_vnd']}" for side, name in claims)
    )
    fact["outstanding_vnd"] = max(sides[0] - sides[1], 0)
    fact["excess_vnd"] = max(sides[1] - sides[0], 0)
    fact["match"] = judge(
        fact,
        is_repeated=len({e["amount_vnd"] for e in paid}) < len(paid),
        is_other_day=any(
            (date.fromisoformat(e["settled_on"]) - EPOCH_DATE).days
            != (e["occurred_at"] + OFFSET_US) // DAY_US
            for e in banked
            if e["settled_on"] is not None
        ),
    )
    fact["gap_vnd"] = (
        fact["unsettled_vnd"] if fact["match"] == "unsettled" else max(sides) - min(sides)
    )
    return fact


FACT = Fact(
    contract="fee",
    picks={"latest": pl.lit(value=True)},
    aggregates={
        "first_at": pl.col("occurred_at").min(),
        "last_at": pl.col("occurred_at").max(),
        "assessed": _amount.filter(_is_last & (_kind == "assessed")).max(),
        "paid": _sum(_is_paid),
        "refunded": _sum(_is_last & (_kind == "refunded")),
        "receipted": _sum(_is_last & (_kind == "receipt_issued")),
        "unsettled": _sum(_is_banked & pl.col("settled_on").is_null()),
        "documents": _claimed.sort().str.join(";"),
        "payments": _is_paid.sum(),
        "amounts": _amount.filter(_is_paid).n_unique(),
        "is_other_day": (_is_banked & (_settled_day != day_expr("occurred_at"))).any(),
    },
    types={
        **dict.fromkeys(("dossier_code", "fee_code", "unit"), "text"),
        **dict.fromkeys(
            (
                *("begun_at", "changed_at", "assessed_vnd", "paid_vnd", "refunded_vnd"),
                *("net_vnd", "receipted_vnd", "outstanding_vnd", "excess_vnd"),
                *("unsettled_vnd", "gap_vnd"),
            ),
            "integer",
        ),
        **dict.fromkeys(("match", "documents"), "text"),
    },
    columns={
        "dossier_code": of("latest", "dossier_code"),
        "fee_code": of("latest", "fee_code"),
        "unit": of("latest", "unit"),
        "begun_at": pl.col("first_at"),
        "changed_at": pl.col("last_at"),
        "assessed_vnd": _assessed,
        "paid_vnd": pl.col("paid"),
        "refunded_vnd": pl.col("refunded"),
        "net_vnd": _n,
        "receipted_vnd": _r,
        "outstanding_vnd": pl.when(_there).then(pl.max_horizontal(_a - _n, 0)),
        "excess_vnd": pl.when(_there).then(pl.max_horizontal(_n - _a, 0)),
        "unsettled_vnd": pl.col("unsettled"),
        "gap_vnd": pl.when(_there).then(
            pl.when(_match == "unsettled").then("unsettled").otherwise(_apart)
        ),
        "match": _match,
        "documents": pl.col("documents"),
    },
    measures=(
        Measure(
            "fee.collected",
            at="begun_at",
            where="begun_at IS NOT NULL",
            value="net_vnd",
            sets=_BY,
        ),
        Measure(
            "fee.unmatched", at="begun_at", where=f"match IN ({_OPEN})", value="gap_vnd", sets=_BY
        ),
    ),
    recount=recount,
    sql_indexes=(("match", "changed_at"),),
    # Not `documents`: numbers of receipts and transactions are nobody's reading.
    shown={
        **dict.fromkeys(("dossier_code", "fee_code", "unit")),
        "begun_at": Doc("Phát sinh lúc", "When it was first told of"),
        "changed_at": Doc("Diễn biến gần nhất lúc", "When it was last told of"),
        "assessed_vnd": Doc("Phải thu, đồng", "Assessed, in whole đồng"),
        "paid_vnd": Doc("Đã nộp, đồng", "Paid, in whole đồng"),
        "refunded_vnd": Doc("Đã hoàn, đồng", "Refunded, in whole đồng"),
        "net_vnd": Doc("Thực thu, đồng", "Paid less refunded, in whole đồng"),
        "receipted_vnd": Doc("Có biên lai, đồng", "Under receipts that stand, in whole đồng"),
        "outstanding_vnd": Doc("Còn phải thu, đồng", "Still to be paid, in whole đồng"),
        "excess_vnd": Doc("Nộp thừa, đồng", "Paid beyond what was assessed, in whole đồng"),
        "unsettled_vnd": Doc("Chưa quyết toán, đồng", "Not settled by the bank, in whole đồng"),
        "gap_vnd": Doc("Lệch giữa các bên, đồng", "How far its sides are apart, in whole đồng"),
        "match": Doc("Kết quả đối chiếu", "In which class of matching it is"),
    },
)
