"""Do several fees claim one transaction, or one receipt?"""

import polars as pl

from hub.definitions.contract import Doc
from hub.reports.evidence import Looked, Rule, Shown
from stream_jobs.worked import fee

_SIDES = {"paid": "transaction", "refunded": "refund", "receipt": "receipt"}


def find(looked: Looked) -> pl.DataFrame:
    """Name fees that claim one transaction or receipt, as if it were each one's own.

    What the fees of one dossier claim in unlike amounts is taken for one payment, or one receipt,
    in its parts.
    """
    claimed = (
        looked.facts.filter(pl.col("documents") != "")
        .select("entity", "dossier_code", "unit", "changed_at", pl.col("documents").str.split(";"))
        .explode("documents")
        .with_columns(
            pl.col("documents").str.extract_groups(
                r"^(?<side>[a-z]+)\|(?<document>[^=]+)=(?<amount>[0-9]+)$"
            )
        )
        .unnest("documents")
        .with_columns(pl.col("amount").cast(pl.Int64))
    )
    return (
        claimed.group_by("side", "document")
        .agg(
            pl.col("unit").sort().first(),
            pl.col("changed_at").max().alias("at"),
            pl.col("entity").sort().alias("entities"),
            pl.len().cast(pl.Int64).alias("fees"),
            pl.col("dossier_code").n_unique().cast(pl.Int64).alias("dossiers"),
            pl.col("amount").n_unique().alias("~amounts"),
            pl.col("amount").max().alias("amount_vnd"),
            pl.col("amount").sum().alias("claimed_vnd"),
        )
        .filter(
            (pl.col("fees") > 1)
            & ((pl.col("dossiers") > 1) | (pl.col("~amounts") < pl.col("fees")))
        )
        .drop("~amounts")
        .with_columns(pl.col("side").replace_strict(_SIDES, return_dtype=pl.String))
    )


def _paid(code: str, number: str, amount: int, **more: str) -> dict[str, object]:
    return fee(code, "paid", "2025-05-06", amount, transaction_id=number, channel="online", **more)


def _receipt(code: str, number: str, amount: int, day: str = "2025-05-07") -> dict[str, object]:
    return fee(code, "receipt_issued", day, amount, receipt_number=number)


RULE = Rule(
    title=Doc("Một giao dịch, biên lai cho nhiều khoản thu", "One document under several fees"),
    meaning=Doc(
        "Nhiều khoản thu cùng nhận một giao dịch hoặc một biên lai: khác hồ sơ, hoặc cùng hồ sơ mà"
        " cùng số tiền",
        "Several fees claim one transaction or receipt: of other dossiers, or of one dossier in the"
        " same amount",
    ),
    find=find,
    contract="fee",
    examples=(
        Shown(
            why="A and B claim T1, C twice T2 in the same 30,000. D pays two fees by T3, of 50,000"
            " and of 20,000. E's receipt R1 was cancelled before F was given it; G is alone.",
            events=[
                _paid("A", "T1", 100_000),
                _paid("B", "T1", 100_000),
                _paid("C", "T2", 30_000),
                _paid("C", "T2", 30_000, fee_code="LP02"),
                _paid("D", "T3", 50_000),
                _paid("D", "T3", 20_000, fee_code="LP02"),
                _receipt("E", "R1", 40_000),
                fee("E", "receipt_cancelled", "2025-05-08", receipt_number="R1"),
                _receipt("F", "R1", 40_000, "2025-05-09"),
                _paid("G", "T4", 10_000),
            ],
            period="2025-05",
            named=("A|LP01", "B|LP01", "C|LP01", "C|LP02"),
        ),
    ),
)
