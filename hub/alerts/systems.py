"""Systems: the catalogue of all that is connected, in or out, for those who administer the hub.

One row for each connector, sender, SQL login, outlet, and certificate of the hub itself: who
answers for it, what passes, what it owes and when it was heard, what of it was refused, on what
grounds it has access, and when that ends. What somebody is to see to is named in `findings`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.access.certificates import ends_at
from hub.access.grounds import Grounds
from hub.access.keys import Listed
from hub.access.sql_roles import SqlRole
from hub.alerts.recipients import read_recipients
from hub.clock import DAY_US, iso, to_us
from hub.definitions.contract import Contract, Doc

SOON_DAYS = 30  # in which what ends is to be renewed, as the doctor says too
REFUSED_SHARE = 0.01  # of what came; more of it rejected is a fault of its system, no slip
# What somebody is to see to, the gravest first: a row is as grave as the first of its findings.
FINDINGS = {
    "silent": Doc("Im lặng quá nghĩa vụ", "Silent beyond its duty"),
    "stopped": Doc("Kết nối không chạy", "Its connector does not run"),
    "ended": Doc("Đã hết hạn", "Has ended"),
    "unreadable": Doc("Không đọc được chứng thư", "The certificate cannot be read"),
    "never_heard": Doc("Chưa từng gửi", "Never heard"),
    "refused": Doc("Nhiều bản ghi bị từ chối", "Much of it is rejected"),
    "late": Doc("Chậm báo", "Tells late"),
    "ends_soon": Doc(f"Hết hạn trong {SOON_DAYS} ngày", f"Ends within {SOON_DAYS} days"),
    "no_owner": Doc("Chưa ghi ai chịu trách nhiệm", "Nobody is named as its owner"),
    "no_grounds": Doc("Chưa ghi mục đích, căn cứ", "No purpose or legal basis is named"),
}
KINDS = {
    "connector": Doc("Kết nối", "Connector"),
    "sender": Doc("Bên gửi", "Sender"),
    "sql_login": Doc("Đọc bằng SQL", "SQL login"),
    "outlet": Doc("Kênh báo", "Outlet"),
    "certificate": Doc("Chứng thư của trục", "Certificate of the hub"),
}
DIRECTIONS = {
    "in": Doc("Vào", "In"),
    "out": Doc("Ra", "Out"),
    "both": Doc("Vào và ra", "In and out"),
    "none": Doc("–", "–"),
}


@dataclass(frozen=True)
class Access:
    """What the hub has given out and relies on: keys, logins, outlets with whom each tells, files.

    `connectors` names the sources that have a connector, `certificates` files by their setting.
    """

    keys: Sequence[Listed] = ()
    logins: Sequence[SqlRole] = ()
    outlets: Mapping[str, Doc] = field(default_factory=dict)
    recipients: Sequence[Mapping[str, str]] = ()
    connectors: Iterable[str] = ()
    certificates: Mapping[str, Path] = field(default_factory=dict)


def systems(
    sources: Mapping[str, Mapping[str, Any]],
    connected: Iterable[Mapping[str, Any]],
    access: Access,
    contracts: Mapping[str, Contract],
    at: int,
) -> list[dict[str, Any]]:
    """List all systems, those first that somebody is to see to.

    `sources` are those of `quality.sources`, by name; `connected` is what `connected` lists. Of
    stations there is no row: they are told through their connector, and are shown with the water.
    """
    seen = {(s["kind"] == "outlet", s["id"]): s for s in connected if s["kind"] != "station"}
    keys: dict[str, list[Listed]] = {}
    for key in access.keys:
        keys.setdefault(key.name, []).append(key)
    holders = {k.name for k in access.keys if k.revoked_at is None} - set(sources)
    listed = [
        _sender(name, sources.get(name), seen.get((False, name)), keys.get(name, []), access, at)
        for name in (*sources, *sorted(holders))
    ]
    listed += [_login(login, at) for login in access.logins]
    listed += [_outlet(n, seen.get((True, n)), access, at) for n in sorted(access.outlets)]
    listed += [_certificate(name, path, at) for name, path in access.certificates.items()]
    for system in listed:
        _complete(system, contracts)
    order = list(FINDINGS)
    return sorted(listed, key=lambda s: order.index(s["findings"][0]) if s["findings"] else 99)


def _blank(kind: str, name: str, direction: str) -> dict[str, Any]:
    nothing = ("title_vi", "title_en", "owner", "duty", "last_heard_at", "error_share")
    counts = ("received", "rejected", "alerts_open", "next_expiry_at")
    return {
        "kind": kind,
        "id": name,
        **dict.fromkeys(nothing),
        "direction": direction,
        "contracts": [],
        **dict.fromkeys(counts),
        "purposes": [],
        "legal_bases": [],
        "keys": [],
        "recipients": None,
        "findings": [],
    }


def _sender(
    name: str,
    source: Mapping[str, Any] | None,
    seen: Mapping[str, Any] | None,
    keys: Sequence[Listed],
    access: Access,
    at: int,
) -> dict[str, Any]:
    """Give the row of who sends: what it has sent this while, and by which keys it may."""
    is_connector = name in set(access.connectors) or bool(source and source["heartbeat"])
    # Who has a key reads figures with it as well.
    system = _blank("connector" if is_connector else "sender", name, "both" if keys else "in")
    mine: set[str] = set().union(*(k.scope.contracts for k in keys if k.state(at) == "valid"))
    if source is not None:
        mine |= {source["contract"]} - {None}
        system |= _passed(source)
        system["owner"] = source["owner"]
    system["contracts"] = sorted(mine)
    system["alerts_open"] = seen["alerts_open"] if seen else 0
    system["keys"] = [_key(k, at) for k in keys if k.revoked_at is None]
    live = [k for k in keys if k.state(at) == "valid"]
    grounds = [k.grounds for k in live or keys if k.revoked_at is None]
    system["owner"] = system["owner"] or next((g.owner for g in grounds if g.owner), None)
    findings = system["findings"]
    if system["last_heard_at"] is None and (source is None or source["cadence"]):
        findings.append("never_heard")
    elif source is not None and source["is_late"]:
        findings.append("silent")
    beat = source and source["heartbeat"]
    if beat and beat["state"] != "running":
        findings.append("stopped")
    if (system["error_share"] or 0) > REFUSED_SHARE:
        findings.append("refused")
    _until(system, [k.until for k in keys if k.revoked_at is None], at)
    _stated(system, grounds)
    if not system["owner"]:
        findings.append("no_owner")
    return system


def _passed(source: Mapping[str, Any]) -> dict[str, Any]:
    """Say what came of a source, and what it owes."""
    valid = source["quality"].get("valid")
    received = valid["denominator"] if valid else 0
    rejected = received - valid["numerator"] if valid else 0
    owed = ("cadence", "events_per_due", "silence_seconds_max", "is_late")
    return {
        "title_vi": source["title_vi"],
        "title_en": source["title_en"],
        "duty": {n: source[n] for n in owed} if source["cadence"] else None,
        "last_heard_at": source["heard_at"],
        "received": received,
        "rejected": rejected,
        "error_share": round(rejected / received, 6) if received else None,
    }


def _key(key: Listed, at: int) -> dict[str, Any]:
    return {
        "id": key.id,
        "state": key.state(at),
        "created_at": iso(key.created_at),
        "expires_at": iso(key.expires_at),
        "certificate_expires_at": iso(key.certificate_until),
        "is_officer": bool(key.is_officer),
        "scope": str(key.scope),
        "owner": key.grounds.owner or None,
        "purpose": key.grounds.purpose or None,
        "legal_basis": key.grounds.legal_basis or None,
    }


def _login(login: SqlRole, at: int) -> dict[str, Any]:
    system = _blank("sql_login", login.role, "out")
    system["owner"] = login.grounds.owner or None
    _until(system, [login.expires_at], at)
    _stated(system, [login.grounds])
    if not login.grounds.owner:
        system["findings"].append("no_owner")
    return system


def _outlet(name: str, seen: Mapping[str, Any] | None, access: Access, at: int) -> dict[str, Any]:
    """Give the row of an outlet; it is the hub's own, so that nobody else answers for it."""
    system = _blank("outlet", name, "out")
    title = access.outlets[name]
    system |= {"title_vi": title.vi, "title_en": title.en}
    told = read_recipients(access.recipients, at)
    system["recipients"] = len({r.name for r in told if r.outlet == name})
    if seen is not None:
        system["last_heard_at"], system["alerts_open"] = seen["last_good_at"], seen["alerts_open"]
        system["error_share"] = seen["error_share"]
        system["findings"] += ["late"] if seen["is_late"] else []
        if (seen["error_share"] or 0) > REFUSED_SHARE:
            system["findings"].append("refused")
    return system


def _certificate(name: str, path: Path, at: int) -> dict[str, Any]:
    system = _blank("certificate", name, "none")
    try:
        _until(system, [to_us(ends_at(path))], at)
    except (OSError, ValueError):
        system["findings"].append("unreadable")
    return system


def _until(system: dict[str, Any], ends: Sequence[int | None], at: int) -> None:
    """Say when access ends: with the last of several keys; one without an end never ends."""
    if not ends or None in ends:
        return
    last = max(end for end in ends if end is not None)
    system["next_expiry_at"] = iso(last)
    if last <= at:
        system["findings"].append("ended")
    elif last <= at + SOON_DAYS * DAY_US:
        system["findings"].append("ends_soon")


def _stated(system: dict[str, Any], grounds: Sequence[Grounds]) -> None:
    """Say on what grounds those have access who were given it; each key or login has its own."""
    system["purposes"] = sorted({g.purpose for g in grounds if g.purpose})
    system["legal_bases"] = sorted({g.legal_basis for g in grounds if g.legal_basis})
    if any(not (g.purpose and g.legal_basis) for g in grounds):
        system["findings"].append("no_grounds")


def _complete(system: dict[str, Any], contracts: Mapping[str, Contract]) -> None:
    """Put findings in order; what comes without a key is collected as its contract says."""
    order = list(FINDINGS)
    system["findings"].sort(key=order.index)
    if not system["keys"]:
        bases = {contracts[n].spec.legal_basis for n in system["contracts"] if n in contracts}
        system["legal_bases"] = sorted({*system["legal_bases"], *(b for b in bases if b)})
