"""Callbacks of a gateway over real HTTP: verified, kept, and only then confirmed to the sender."""

import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from connectors.wallets import paygov, vnpay
from connectors.wallets.connector import CONTRACT, Callbacks, WalletsSettings, read, read_secrets
from connectors.wallets.paying import unsigned
from connectors.wallets.simulator import confirmed, signed
from hub import registry
from hub.connecting.connection import Connection
from hub.connecting.feeds import Context
from hub.log.log import LogUnavailableError
from hub.opening import OpenHub, open_hub
from hub.settings import Settings, SettingsError, read_own
from tests.parts import loopback

SECRET, OLD = b"a secret of the province", b"the secret before that one"
MERCHANT, PARTNER = "LGSP0001", "DT01"
SIGNED = ("MaLoi", "MaDoiTac", "MaThamChieu", "SoTien", "MaGiaoDich", "ThoiGianGD")
CASES = resources.files("connectors.wallets") / "cases"
NOW = datetime(2025, 5, 19, 3, tzinfo=UTC)


def callback(number: str, **other: str) -> dict[str, str]:
    """Give the parameters of a callback that confirms 50,000 đồng."""
    return {
        "vnp_TmnCode": MERCHANT,
        "vnp_Amount": "5000000",
        "vnp_BankCode": "NCB",
        "vnp_BankTranNo": "VNP1",
        "vnp_CardType": "ATM",
        "vnp_OrderInfo": "NGUYEN VAN A nop le phi: H57.132-250517-0001 LP01",
        "vnp_PayDate": "20250517233000",
        "vnp_ResponseCode": "00",
        "vnp_TransactionNo": number,
        "vnp_TransactionStatus": "00",
        "vnp_TxnRef": f"H57.132-250517-{number:0>4} LP01",
        **other,
    }


def confirmation(**other: Any) -> dict[str, Any]:
    """Give the fields by which PayGov confirms 50,000 đồng."""
    return {
        "LoaiBanTin": "NotiResult",
        "MaLoi": "00",
        "MaDoiTac": PARTNER,
        "MaThamChieu": "H57.132-250517-0001 LP01",
        "SoTien": 50_000,
        "MaTienTe": "VND",
        "MaGiaoDich": "PG1",
        "MaNganHang": "VCB",
        "ThoiGianGD": "20250517233000",
        "ThongTinGiaoDich": "NGUYEN VAN A nop le phi",
        "HoTenNguoiNop": "NGUYEN VAN A",
        **other,
    }


class Called:
    """A hub with the door open before it, and a gateway that calls."""

    def __init__(self, hub: OpenHub, folder: Path, fees: dict[str, tuple[Any, ...]]) -> None:
        self.hub, self.fees = hub, fees
        secrets = folder / "secret"
        secrets.write_bytes(SECRET + b"\n" + OLD + b"\n")
        self.settings = WalletsSettings(
            listen="127.0.0.1:0",
            vnpay_secret_file=secrets,
            vnpay_merchant=MERCHANT,
            paygov_secret_file=secrets,
            paygov_partner=PARTNER,
            paygov_signed=",".join(SIGNED),
        )
        self.is_away = False

    def known(self, entities: Any, _: Any) -> dict[str, tuple[Any, ...]]:
        return {e: self.fees[e] for e in entities if e in self.fees}

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Open the door, with a connection that carries what comes."""
        hub = self.hub
        feed = Callbacks(self.settings, Context(hub.log, lambda: NOW, known=self.known))
        self.url = f"http://127.0.0.1:{feed.door.port}/vnpay/ipn"
        source, seal = registry.sources()["wallets"], hub.seals().seal
        self.connection = Connection(
            source, CONTRACT, feed, hub.log, lambda: NOW, hub.settings, seal
        )
        thread = threading.Thread(target=self.connection.run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.connection.stopping.set()
            thread.join()
            feed.close()

    def call(self, parameters: dict[str, str], secret: bytes = SECRET) -> str:
        """Call the door; give the code of its answer."""
        answer = loopback.get(f"{self.url}?{signed(parameters, secret)}", timeout=60)
        assert answer.status_code == 200
        return str(answer.json()["RspCode"])

    def confirm(self, secret: bytes = SECRET, **other: Any) -> dict[str, Any]:
        """Call the door as PayGov does; give its answer."""
        body = confirmed(confirmation(**other), SIGNED, secret)
        url = self.url.replace("vnpay", "paygov")
        answer = loopback.post(url, content=body.encode(), timeout=60)
        assert answer.status_code == 200
        told: dict[str, Any] = answer.json()
        return told

    def facts(self) -> dict[str, tuple[Any, ...]]:
        """Give what was paid by fee."""
        self.hub.runner.catch_up()
        with self.hub.store.reading() as reading:
            fact = reading.definitions.facts["fee"]
            rows = reading.rows(f"SELECT entity, paid_vnd, unit FROM {fact.table}")
        return {e: tuple(rest) for e, *rest in rows}

    def rejected(self) -> list[tuple[str, str]]:
        self.hub.runner.catch_up()
        with self.hub.store.reading() as reading:
            rows = reading.rows("SELECT rule, field FROM quarantine ORDER BY 1")
        return [(str(rule), str(name)) for rule, name in rows]


@pytest.fixture
def called(tmp_path: Path) -> Iterator[Called]:
    with open_hub(Settings(data_dir=tmp_path / "hub"), lambda: NOW) as hub:
        yield Called(hub, tmp_path, {})


def test_a_payment_is_confirmed_once_and_counts_once(called: Called) -> None:
    with called.opened():
        assert called.call(callback("1")) == "00"
        assert called.facts() == {"H57.132-250517-0001|LP01": (50_000, "H57.132")}
        assert called.call(callback("1")) == "02"
    with called.opened():  # another process, later
        assert called.call(callback("1")) == "02"
        assert called.call(callback("2"), OLD) == "00"  # while the secret changes
    assert [paid for paid, _ in called.facts().values()] == [50_000, 50_000]


def test_the_same_callback_at_once_is_confirmed_once(called: Called) -> None:
    with called.opened(), ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: called.call(callback("1")), range(8)))
    assert sorted(codes) == ["00", *["02"] * 7]
    assert called.facts()["H57.132-250517-0001|LP01"][0] == 50_000


def test_what_nobody_known_has_signed_is_kept_nowhere(called: Called) -> None:
    with called.opened():
        assert called.call(callback("1"), b"another secret of somebody") == "97"
        altered = signed(callback("1"), SECRET).replace("5000000", "5000100")
        unsigned = signed(callback("1"), SECRET).partition("&vnp_SecureHash")[0]
        twice = signed(callback("1"), SECRET) + "&vnp_Amount=100"
        for query in (altered, unsigned, twice, "", "x", "vnp_SecureHash=%ff", "a=" + "9" * 9_000):
            answer = loopback.get(f"{called.url}?{query}", timeout=60).json()
            assert answer["RspCode"] == "97", query
        assert called.call(callback("1", vnp_TmnCode="OTHER001")) == "99"
        assert called.call(callback("")) == "99"
    assert (called.facts(), called.rejected()) == ({}, [])


@pytest.mark.parametrize("name", ["vnp_ResponseCode", "vnp_TransactionStatus"])
def test_a_payment_that_failed_is_heard_and_pays_nothing(called: Called, name: str) -> None:
    with called.opened():
        assert called.call(callback("1", **{name: "24"})) == "00"
    assert (called.facts(), called.rejected()) == ({}, [])


def test_what_cannot_be_a_payment_is_kept_and_said(called: Called) -> None:
    nothing = {"vnp_TxnRef": "1", "vnp_OrderInfo": "NGUYEN VAN A an trua"}
    with called.opened():
        assert called.call(callback("1", **nothing)) == "01"
        assert called.call(callback("1", **nothing)) == "01"  # it stays so
        assert called.call(callback("2", vnp_Amount="5000050")) == "04"
        assert called.call(callback("3", vnp_PayDate="20250230120000")) == "99"
        assert called.call(callback("4", vnp_PayDate="20250520120000")) == "99"  # tomorrow
    assert called.rejected() == [
        ("in_the_future", "occurred_at"),
        ("malformed_instant", "vnp_PayDate"),
        ("no_reference", "vnp_TxnRef"),
        ("not_an_amount", "vnp_Amount"),
    ]
    assert called.facts() == {}


def test_an_amount_is_held_against_what_is_to_be_paid(called: Called) -> None:
    entity = "H57.132-250517-{:0>4}|LP01"
    called.fees = {
        entity.format(1): ("H57.9", 50_000, 50_000),
        entity.format(2): ("H57.132", 80_000, 50_000),  # some of it was paid at the desk
        entity.format(3): ("H57.132", 80_000, 80_000),
        entity.format(4): ("H57.132", None, 0),  # nothing was assessed yet
    }
    with called.opened():
        codes = [called.call(callback(str(n))) for n in (1, 2, 3, 4)]
    assert codes == ["00", "00", "04", "00"]
    assert called.facts()[entity.format(1)] == (50_000, "H57.9")  # it collects the fee
    assert called.rejected() == [("other_amount", "vnp_Amount")]


def test_nothing_is_confirmed_before_it_is_durable(
    called: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, is_away, tried = called.hub.log.append, threading.Event(), threading.Event()
    is_away.set()

    def failing(*given: Any, **named: Any) -> Any:
        if is_away.is_set():
            tried.set()
            raise LogUnavailableError("away")
        return append(*given, **named)

    monkeypatch.setattr(called.hub.log, "append", failing)
    with called.opened(), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(called.call, callback("1"))
        assert tried.wait(60)
        assert not waiting.done()
        is_away.clear()
        assert waiting.result(60) == "00"
    assert called.facts()["H57.132-250517-0001|LP01"][0] == 50_000


def test_neither_the_secret_nor_the_payer_stands_anywhere(
    called: Called, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with called.opened():
        called.call(callback("1"))
        called.call(callback("2", vnp_TxnRef="1", vnp_OrderInfo="NGUYEN VAN A an trua"))
        called.call(callback("3"), b"another secret of somebody")
    called.facts()
    kept = b"".join(p.read_bytes() for p in (tmp_path / "hub").rglob("*") if p.is_file())
    logged = [r.getMessage() for r in caplog.records if not r.name.startswith("http")]  # our own
    for hidden in (b"NGUYEN", b"VNP1", SECRET, OLD):
        assert hidden not in kept
        assert not any(hidden.decode() in line for line in logged)
    assert logged


@pytest.mark.parametrize("case", [c.name for c in CASES.iterdir() if c.is_dir()])
def test_nothing_of_a_payer_is_kept_of_any_case(case: str) -> None:
    (given,) = [p for p in (CASES / case).iterdir() if p.name.startswith("input")]
    for record in read(given.name, given.read_bytes()):
        verdict = record.verdict
        kept = f"{record.original.decode()} {record.events} {verdict and verdict.public()}"
        for hidden in ("NGUYEN", "LE THI", "VNP14226112"):
            assert hidden not in kept, kept


def test_only_the_addresses_of_gateways_answer(called: Called) -> None:
    with called.opened():
        assert loopback.get(called.url.replace("ipn", "x"), timeout=60).status_code == 404
        assert loopback.post(called.url, content=b"{}", timeout=60).status_code == 404
        url = called.url.replace("vnpay", "paygov")
        assert loopback.get(url, timeout=60).status_code == 404
        assert loopback.request("PUT", url, timeout=60).status_code == 501
        assert loopback.post(url, content=b" " * 70_000, timeout=60).status_code == 413


def test_paygov_is_answered_in_its_own_words(called: Called) -> None:
    with called.opened():
        told = called.confirm()
        assert (told["MaLoi"], told["MaThamChieu"]) == ("00", "H57.132-250517-0001 LP01")
        assert called.confirm()["MoTaLoi"] == "Đã xác nhận trước đó"
        assert called.confirm(b"another secret of somebody") == {
            "MaLoi": "99",
            "MoTaLoi": "Mã xác thực không đúng",
        }
        assert called.confirm(MaLoi="07", MaGiaoDich="PG2")["MaLoi"] == "00"  # heard, not paid
        nothing: dict[str, Any] = {"MaThamChieu": "1", "ThongTinGiaoDich": "NGUYEN VAN A"}
        assert called.confirm(MaGiaoDich="PG3", **nothing)["MaLoi"] == "99"
        assert called.confirm(MaGiaoDich="PG4", SoTien="50000.5")["MaLoi"] == "99"
        assert called.confirm(MaGiaoDich="PG5", ThoiGianGD="2025-05-17")["MaLoi"] == "99"
        assert called.confirm(MaDoiTac="DT02", MaGiaoDich="PG6")["MaLoi"] == "99"
        # Another gateway was not told of that number; of a fee it is one document all the same.
        assert called.call(callback("PG1")) == "00"
    assert called.facts()["H57.132-250517-0001|LP01"] == (50_000, "H57.132")
    assert [rule for rule, _ in called.rejected()] == [
        "malformed_instant",
        "no_reference",
        "not_an_amount",
    ]


@pytest.mark.parametrize(
    "body",
    ["", "x", "[]", "1", "null", '{"a": 1, "a": 2}', '{"MaXacThuc": "\\ud800"}', "[" * 9_000],
)
def test_a_body_that_is_none_is_signed_by_nobody(called: Called, body: str) -> None:
    with called.opened():
        url = called.url.replace("vnpay", "paygov")
        told = loopback.post(url, content=body.encode(), timeout=60).json()
        assert told["MoTaLoi"] == "Mã xác thực không đúng"


@pytest.mark.parametrize("name", ["MaLoi", "MaThamChieu", "SoTien", "MaGiaoDich"])
def test_what_decides_must_be_signed(name: str) -> None:
    """An unsigned amount or number could be changed by anybody between."""
    fields = [f for f in paygov.SIGNED.split(",") if f != name]
    with pytest.raises(ValueError, match=name):
        paygov.paygov(",".join(fields))
    parameters = dict.fromkeys(paygov.SIGNED.split(","), "1")
    dialect = paygov.paygov()
    parameters["MaXacThuc"] = paygov.signature(paygov.SIGNED.split(","), parameters, SECRET)
    assert dialect.is_signed(parameters, (OLD, SECRET))
    assert not dialect.is_signed(parameters | {name: "2"}, (OLD, SECRET))


def test_a_mark_between_values_cannot_move_what_was_signed() -> None:
    """`a|b` and `c` are joined as `a` and `b|c` are: only the last value may have the mark."""
    names, dialect = SIGNED, paygov.paygov(",".join(SIGNED))
    parameters = dict.fromkeys(names, "1")
    for name in names:
        marked = parameters | {name: "1|1"}
        marked["MaXacThuc"] = paygov.signature(names, marked, SECRET)
        assert dialect.is_signed(marked, (SECRET,)) == (name == names[-1])


def test_the_sum_is_the_one_that_gateways_make() -> None:
    """HMAC-SHA512 of the sorted query, worked out by openssl: blanks are +, colons %3A."""
    parameters = {"vnp_TxnRef": "5", "vnp_Amount": "1806000", "vnp_OrderInfo": "don hang :5"}
    text = "vnp_Amount=1806000&vnp_OrderInfo=don+hang+%3A5&vnp_TxnRef=5"
    assert vnpay.parse(text) == parameters
    assert vnpay.signature(parameters | {"vnp_SecureHash": "x", "vnp_Empty": ""}, b"secret") == SUM
    assert vnpay.is_signed(parameters | {"vnp_SecureHash": SUM.upper()}, (b"other", b"secret"))
    assert not vnpay.is_signed(parameters | {"vnp_SecureHash": ""}, (b"secret",))
    assert not vnpay.is_signed(parameters | {"vnp_SecureHash": "ữ"}, (b"secret",))


SUM = (
    "959d49073c3b61dd2459e017d0bbaa75735201c211f04f23ea80c63631b77292"
    "7f55a9ed6cb8bb951d40e9aac6c4ace4a974828279f5622643fdda344944d9f0"
)


def test_a_wrong_setting_stops_the_start_and_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = tmp_path / "secret"
    short.write_text("brief")
    with pytest.raises(SettingsError, match="HUB_WALLETS_VNPAY_SECRET_FILE") as refused:
        read_secrets("vnpay", short)
    assert "brief" not in str(refused.value)
    with pytest.raises(SettingsError, match="HUB_WALLETS_PAYGOV_SECRET_FILE"):
        read_secrets("paygov", tmp_path / "none")
    assert json.loads(unsigned("x").original) == {}
    for name, value, said in (
        ("LISTEN", "8090", "LISTEN"),
        ("LISTEN", "127.0.0.1:8090", "VNPAY_MERCHANT or PAYGOV_PARTNER"),
        ("VNPAY_MERCHANT", MERCHANT, "VNPAY_SECRET_FILE"),
        ("PAYGOV_SIGNED", "MaLoi", "SoTien"),
    ):
        monkeypatch.setenv(f"HUB_WALLETS_{name}", value)
        with pytest.raises(SettingsError, match=said):
            read_own("wallets", WalletsSettings)
