"""Objectives: what users may count on, as shares of thirty days, and alerts on what uses them up.

An objective leaves a budget of what may go wrong. An alert asks how fast that is used up, in a long
window, so that one bad minute wakes nobody, and in a short one, so that it ends when the fault does
(Site Reliability Workbook, Google, 2018, chapter 5: multiwindow, multi-burn-rate alerts).
`hub render` writes the rules for Prometheus and the page for people.
"""

from dataclasses import dataclass

PATH = "deploy/prometheus/objectives.yml"
PAGE = "docs/objectives.md"
DAYS = 30
FRESH_SECONDS = 10
LAG_EVENTS = 10_000
READ_SECONDS = "0.5"
_SENDING = 'route=~"/v1/(events|files)/.*"'
_READING = 'route=~"/v1/(kpis|reports|lists|sources|alerts|stations).*"'
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


@dataclass(frozen=True)
class Burn:
    """So many times as fast as the budget allows, in a long window and in a short one."""

    factor: float
    long: str
    short: str


# 2 % of the budget in an hour, or 5 % in six; 10 % in a day, or all of it at this pace.
BURNS = {
    "critical": (Burn(14.4, "1h", "5m"), Burn(6, "6h", "30m")),
    "warning": (Burn(3, "1d", "2h"), Burn(1, "3d", "6h")),
}


@dataclass(frozen=True)
class Objective:
    """What share of thirty days, or of requests, is to be good; `bad` gives the share that is not.

    In `bad`, `{window}` stands for the window that is looked at.
    """

    name: str
    share: float
    vi: str
    en: str
    bad: str


def _requests(which: str) -> str:
    return f"sum(rate(hub_http_request_seconds_count{{{which}}}[{{window}}]))"


def _faults(which: str) -> str:
    """Write the share of requests that end by a fault of the hub; none where there are none."""
    every, bad = _requests(which), _requests(f'{which}, status=~"5.."')
    return f"({bad} or vector(0)) / ({every} > 0)"


def _slow(which: str) -> str:
    """Write the share of requests that are not answered in time and without a fault."""
    good = f'{which}, status!~"5..", le="{READ_SECONDS}"'
    in_time = f"sum(rate(hub_http_request_seconds_bucket{{{good}}}[{{window}}]))"
    return f"1 - ({in_time} or vector(0)) / ({_requests(which)} > 0)"


_BEHIND = (
    f"max(hub_lag_events > bool {LAG_EVENTS} or hub_unpublished_seconds > bool {FRESH_SECONDS}"
    ' or hub_away or up{job="lgsp"} == bool 0)'
)
OBJECTIVES = (
    Objective(
        "acceptance",
        0.999,
        "Yêu cầu gửi sự kiện, gửi tệp được trả lời (kể cả khi nội dung bị từ chối), không phải lỗi"
        " của trục (5xx)",
        "Requests that send events or files are answered, were it by a refusal, and not by a fault"
        " of the hub (5xx)",
        _faults(_SENDING),
    ),
    Objective(
        "reads",
        0.99,
        f"Câu hỏi về số liệu được trả lời không lỗi, trong {READ_SECONDS} giây",
        f"Questions for figures are answered without a fault, within {READ_SECONDS} s",
        _slow(_READING),
    ),
    Objective(
        "freshness",
        0.99,
        f"Thời gian mà số liệu theo kịp nhật ký: còn không quá {LAG_EVENTS} sự kiện chưa tính,"
        f" không có gì chờ công bố quá {FRESH_SECONDS} giây, hỏi được nhật ký và cơ sở dữ liệu",
        f"Time in which figures keep up with the log: at most {LAG_EVENTS} events to be applied,"
        f" nothing waits for over {FRESH_SECONDS} s to be published, log and store can be asked",
        "avg_over_time(hub:behind:now[{window}])",
    ),
)
RUNBOOK = "docs/runbooks/HubObjectiveMissed.md"


def rules() -> str:
    """Write the rules: a recorded share for each objective and window, and the alerts on them."""
    recorded = [
        rule
        for objective in OBJECTIVES
        for rule in (
            _recorded("hub:budget:share", f"vector({_budget(objective)})", objective.name),
            *(
                _recorded(
                    "hub:bad:share",
                    objective.bad.replace("{window}", window),
                    objective.name,
                    window,
                )
                for window in WINDOWS
            ),
        )
    ]
    lines = [
        "# Rendered from `hub/operating/objectives.py` by `hub render`.",
        "groups:",
        "  - name: objectives",
        "    rules:",
        # Looked at once a round, and not in every window anew.
        "      - record: hub:behind:now",
        "        expr: >-",
        f"          {_BEHIND}",
        *(line for rule in recorded for line in rule),
        *(line for severity in BURNS for line in _alert(severity)),
    ]
    return "\n".join(lines) + "\n"


def page() -> str:
    """Write the page of objectives, for people."""
    lines = [
        "# Mục tiêu vận hành | Objectives",
        "",
        "Rendered from `hub/operating/objectives.py` by `hub render`; the rules are in",
        f"`{PATH}`, the runbook in `{RUNBOOK}`.",
        "",
        f"| Mục tiêu, objective | {DAYS} ngày, days | Nghĩa là gì | What it means |",
        "|---|---|---|---|",
    ]
    for o in OBJECTIVES:
        lines.append(f"| `{o.name}` | ≥ {o.share * 100:g} % | {o.vi} | {o.en} |")
    lines += [
        "",
        "| Mức, severity | Báo khi, told when |",
        "|---|---|",
    ]
    for severity, burns in BURNS.items():
        told = "; ".join(f"{b.factor:g} × trong (in) {b.long}, {b.short}" for b in burns)
        lines.append(f"| {severity} | {told} |")
    return "\n".join(lines) + "\n"


def _budget(objective: Objective) -> str:
    return f"{1 - objective.share:.4g}"


def _recorded(record: str, expr: str, objective: str, window: str = "") -> list[str]:
    lines = [
        f"      - record: {record}",
        "        expr: >-",
        f"          {expr}",
        "        labels:",
        f"          objective: {objective}",
    ]
    return [*lines, f"          window: {window}"] if window else lines


def _alert(severity: str) -> list[str]:
    burns = [
        f'(hub:bad:share{{window="{b.long}"}} > on (objective) {b.factor:g} * hub:budget:share'
        f' and on (objective) hub:bad:share{{window="{b.short}"}}'
        f" > on (objective) {b.factor:g} * hub:budget:share)"
        for b in BURNS[severity]
    ]
    share = "{{ $labels.objective }}: {{ $value | humanizePercentage }}"
    vi = f"{share} không đạt, đang dùng hết phần cho phép của {DAYS} ngày"
    en = f"{share} is not good, and uses up what {DAYS} days allow"
    return [
        "      - alert: HubObjectiveMissed",
        "        expr: >-",
        f"          max by (objective) ({' or '.join(burns)})",
        "        labels:",
        f"          severity: {severity}",
        "        annotations:",
        f"          summary_vi: 'mục tiêu {vi}'",
        f"          summary_en: 'objective {en}'",
        f"          runbook: {RUNBOOK}",
    ]
