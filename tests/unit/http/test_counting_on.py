"""Counting on: while submissions wait in the spool, what is known is not all there is."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hub.access.keys import Sender
from hub.definitions.contract import Contract
from hub.http.problems import ProblemError
from hub.http.sending import _count_on
from hub.sheets.files import admit_file
from schemas.contracts.payment import Payment

FILE = """Đơn vị báo cáo;Dịch vụ;Hình thức;Địa bàn;Kỳ;Số giao dịch;Số khách hàng;Số tiền
NH01;nước;tiền mặt;H57;01/2020;1000;900;50.000.000
"""


def test_a_table_without_revisions_waits_for_what_is_spooled() -> None:
    edge: Any = SimpleNamespace(hub=None, gateway=SimpleNamespace(spool=SimpleNamespace(waiting=1)))
    admitted = admit_file(Contract(Payment), FILE.encode())
    with pytest.raises(ProblemError) as raised:
        asyncio.run(_count_on(edge, cast(Sender, None), admitted))
    problem = raised.value
    assert (problem.status, problem.rule, problem.headers) == (
        503,
        "still_applying",
        {"Retry-After": "2"},
    )
    assert "Lần điều chỉnh" in problem.vi
    assert "revision" in problem.en
