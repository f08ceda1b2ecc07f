"""Roles: what each may read and do, by one table of all routes of the hub.

A right is a group of routes that go together, with the roles that have it. A route that is in no
right is in no hub: a law holds the application to this table, and the runbook is rendered from it.
Keys of machines do not go by roles: what they may is their scope.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from hub.definitions.contract import Doc

Role = Literal["leader", "analyst", "data_officer", "department", "operator", "auditor"]
ROLES: tuple[Role, ...] = get_args(Role)
TITLES: dict[Role, Doc] = {
    "leader": Doc("Lãnh đạo", "Leader"),
    "analyst": Doc("Phân tích", "Analyst"),
    "data_officer": Doc("Cán bộ dữ liệu", "Data officer"),
    "department": Doc("Đơn vị", "Department"),
    "operator": Doc("Vận hành", "Operator"),
    "auditor": Doc("Kiểm toán", "Auditor"),
}
# Who sees what others sent, where no unit limits them.
SEES_ALL: frozenset[Role] = frozenset(("data_officer", "auditor"))


@dataclass(frozen=True)
class Right:
    """A group of routes, as `METHOD path`, and who has it.

    `is_public`: anybody, without a key. `tells_facts`: who read what is in the audit log.
    `needs_sender`: a department's person needs the name of the department's key.
    """

    title: Doc
    roles: frozenset[Role]
    routes: tuple[str, ...]
    is_public: bool = False
    tells_facts: bool = False
    needs_sender: bool = False


def _all_but(*roles: Role) -> frozenset[Role]:
    return frozenset(ROLES) - frozenset(roles)


RIGHTS: tuple[Right, ...] = (
    Right(
        Doc("Trang và mô tả, không có số liệu", "Pages and descriptions, without figures"),
        frozenset(ROLES),
        (
            "GET /",
            "GET /sources",
            "GET /systems",
            "GET /repair",
            "GET /upload",
            "GET /reports",
            "GET /alerts",
            "GET /catalogue",
            "GET /overview",
            "GET /ask",
            "GET /open-data",
            "GET /water",
            "GET /money",
            "GET /page",
            "GET /page/groups.json",
            "GET /page/groups/{name}.js",
            "GET /openapi.json",
            "GET /asyncapi.json",
            "GET /healthz",
            "GET /readyz",
            "GET /.well-known/jwks.json",
            "GET /sign-in",
            "GET /sign-in/back",
            "POST /sign-out",
            "GET /sign-in/me",
        ),
        is_public=True,
    ),
    Right(
        Doc("Dữ liệu mở", "Open data"),
        frozenset(ROLES),
        ("GET /v1/open-data", "GET /v1/open-data/files/{name}"),
        is_public=True,
    ),
    Right(
        Doc("Số liệu toàn tỉnh, biểu, danh mục", "Figures of the whole province, reports, lists"),
        frozenset(ROLES),
        (
            "GET /v1/kpis",
            "GET /v1/kpis/{kpi_id}",
            "GET /v1/kpis/{kpi_id}/ranking",
            "GET /v1/overview",
            "GET /v1/stream",
            "GET /v1/catalogue",
            "GET /v1/contracts",
            "GET /v1/templates/{contract}.csv",
            "GET /v1/templates/{contract}.xlsx",
            "GET /v1/lists",
            "GET /v1/periods",
            "GET /v1/reports",
            "GET /v1/reports/{report}",
            "GET /v1/reports/766",
            "GET /v1/sources",
            "GET /v1/exchanges",
            "GET /v1/stations",
            "GET /v1/stations/{code}",
            "GET /v1/stations/{code}/weeks",
            "GET /v1/branches",
            "GET /v1/alerts",
            "GET /v1/alerts/rules",
            "GET /v1/alerts/{alert}",
        ),
    ),
    Right(
        Doc("Từng hồ sơ, số đo, trong đơn vị của mình", "Single dossiers and readings, by unit"),
        _all_but("operator"),
        (
            "GET /v1/kpis/{kpi_id}/facts",
            "GET /v1/kpis/{kpi_id}/explain",
            "GET /v1/changes",
            "GET /v1/reports/{report}/facts",
            "GET /v1/reports/766/facts",
            "GET /v1/lists/{name}",
            "GET /v1/findings",
            "GET /v1/flags",
            "GET /v1/evidence/{kpi_id}",
            "GET /v1/periods/{period}/restatements",
        ),
        tells_facts=True,
    ),
    Right(
        Doc("Những gì còn thiếu", "What never came"),
        frozenset(ROLES),
        ("GET /v1/missing", "GET /v1/sources/{source}/{name}"),
        tells_facts=True,
    ),
    Right(
        Doc("Bản ghi bị từ chối, biên nhận, bảng ánh xạ", "Rejected items, receipts, mappings"),
        frozenset(("data_officer", "department", "auditor")),
        (
            "GET /v1/quarantine",
            "GET /v1/quarantine/rows/{contract}",
            "GET /v1/receipts/{receipt}",
            "GET /v1/receipts/{receipt}/errors.csv",
            "GET /v1/held",
            "GET /v1/mappings",
            "GET /v1/mappings/{contract}",
        ),
        tells_facts=True,
    ),
    Right(
        Doc("Sửa, gửi lại, loại bỏ; bảng ánh xạ", "Repair, send again, discard; map files"),
        frozenset(("data_officer", "department")),
        (
            "POST /v1/quarantine/corrections/{contract}",
            "POST /v1/quarantine/fix",
            "POST /v1/quarantine/try",
            "POST /v1/quarantine/replay",
            "POST /v1/quarantine/discard",
            "POST /v1/mappings/{contract}/propose",
            "PUT /v1/mappings/{contract}",
        ),
        needs_sender=True,
    ),
    Right(
        Doc("Nộp tệp của đơn vị mình", "Send the files of one's own unit"),
        frozenset(("department",)),
        ("POST /v1/files/{contract}", "POST /v1/declarations/{contract}"),
        needs_sender=True,
    ),
    Right(
        Doc("Xác nhận và ghi chú cảnh báo", "Acknowledge alerts and comment on them"),
        frozenset(("leader", "data_officer", "operator")),
        ("POST /v1/alerts/{alert}/acknowledge", "POST /v1/alerts/{alert}/comment"),
    ),
    Right(
        Doc("Ai đã được báo, biểu đã gửi", "Who was told of alerts, reports that were given"),
        frozenset(("leader", "data_officer", "operator", "auditor")),
        ("GET /v1/deliveries", "GET /v1/report-runs"),
    ),
    Right(
        Doc("Danh mục hệ thống kết nối", "The catalogue of connected systems"),
        frozenset(("data_officer", "operator", "auditor")),
        ("GET /v1/systems",),
    ),
    Right(
        Doc("Số đo vận hành", "Metrics of operation"),
        frozenset(("operator",)),
        ("GET /metrics",),
    ),
    Right(
        Doc("Gửi bản ghi (khóa của máy)", "Send events (keys of machines)"),
        frozenset(),
        ("POST /v1/events/{contract}",),
    ),
)
_BY_ROUTE = {route: right for right in RIGHTS for route in right.routes}


def right_of(method: str, path: str) -> Right | None:
    """Find the right that a route asks for; None where the table has no row of it.

    The routes of single contracts go by the row of `/v1/events/{contract}`.
    """
    if path.startswith("/v1/events/"):
        path = "/v1/events/{contract}"
    return _BY_ROUTE.get(f"{'GET' if method == 'HEAD' else method} {path}")


def titles_of(roles: Iterable[Role], lang: Literal["vi", "en"]) -> str:
    """Name roles in a line, in the order of the table."""
    asked = set(roles)
    return ", ".join(getattr(TITLES[r], lang) for r in ROLES if r in asked)


def reference() -> str:
    """Write the table for people: what each role may, and the routes of each right."""
    heads = [f"{TITLES[r].vi} · {TITLES[r].en}" for r in ROLES]
    lines = [
        "# Vai trò và quyền | Roles and rights",
        "",
        "Bảng này do `hub render` in ra từ `hub/access/roles.py`."
        " | Rendered by `hub render` from `hub/access/roles.py`.",
        "",
        f"| Quyền · Right | {' | '.join(heads)} |",
        f"|---|{'---|' * len(ROLES)}",
    ]
    for right in RIGHTS:
        marks = ["✓" if r in right.roles else "–" for r in ROLES]
        lines.append(f"| {right.title.vi} · {right.title.en} | {' | '.join(marks)} |")
    lines += ["", "## Đường dẫn của mỗi quyền | Routes of each right"]
    for right in RIGHTS:
        notes = [
            words
            for holds, words in (
                (right.is_public, "không cần khóa · public"),
                (right.tells_facts, "mỗi lần đọc được ghi nhật ký · each read is in the audit log"),
                (right.needs_sender, "đơn vị cần cột `sender` · a department needs `sender`"),
            )
            if holds
        ]
        said = f" ({'; '.join(notes)})" if notes else ""
        lines += ["", f"**{right.title.vi} · {right.title.en}**{said}", ""]
        lines += [f"- `{route}`" for route in right.routes]
    return "\n".join(lines) + "\n"
