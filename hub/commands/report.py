"""The commands `hub report`: biểu 06a, 06b and their editions, deadlines, QĐ 766."""

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from hub import registry
from hub.clock import from_us, to_us
from hub.commands.console import complain, read_period, settings_for_reading
from hub.commands.show import print_index, print_report
from hub.figures.compute import read_as_of
from hub.figures.official import as_known
from hub.opening import OpenHub, catch_up, open_hub
from hub.reports.deadlines import REASONS, find_differences
from hub.reports.editions import editions, sign_file, status_of, verify_file
from hub.reports.evidence import find_evidence, rules_of
from hub.reports.filled import fill, read_due, read_report_question
from hub.reports.formats import write
from hub.reports.index import SENT, score_units
from hub.store import report_runs

app = typer.Typer(
    name="report",
    help="Reports that the law wants: biểu 06a, 06b, the indices of QĐ 766.",
    no_args_is_help=True,
)
EXAMPLES = {
    "report 06a": (
        "hub report 06a 2023-05",
        "hub report 06a 2023 --unit H57.1 --format pdf --output bieu-06a.pdf",
    ),
    "report 06b": ("hub report 06b 2023-Q2 --format xlsx --output bieu-06b.xlsx",),
    "report editions": ("hub report editions 06a 2023-05",),
    "report findings": ("hub report findings 2023-05", "hub report findings 2023 --unit H57.1"),
    "report 766": ("hub report 766 2023", "hub report 766 2023-Q2 --unit H57.1 --json"),
    "report deadlines": ("hub report deadlines 2023-05",),
    "report schedule": ("hub report schedule",),
    "report verify": ("hub report verify bieu-06a.pdf --keys jwks.json",),
}
NAMES = ("06a", "06b")
SIGNATURE = ".jws"
RUNS_SHOWN_MAX = 500
FINDING_NAMES_MAX = 5  # in a line; --json gives more


class Format(StrEnum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"
    XLSX = "xlsx"
    PDF = "pdf"


_Period = Annotated[str, typer.Argument(metavar="PERIOD", help="2023 2023-H1 2023-Q1 2023-05 …")]


def _command(name: str) -> Callable[..., None]:
    def show(
        period: _Period,
        unit: Annotated[str, typer.Option(help="A unit, with what is below it.")] = "",
        role: Annotated[str, typer.Option(help="resolved_by or received_by.")] = "",
        view: Annotated[str, typer.Option(help="as_was or as_is.")] = "",
        due: Annotated[str, typer.Option(help="Due dates as sent, or computed.")] = "",
        at: Annotated[str, typer.Option(help="The instant of the question, ISO 8601.")] = "",
        as_of: Annotated[str, typer.Option(help="As the hub knew it then, ISO 8601.")] = "",
        edition: Annotated[int, typer.Option(help="A frozen edition, by its number.")] = 0,
        form: Annotated[Format, typer.Option("--format")] = Format.TABLE,
        output: Annotated[Path | None, typer.Option(help="The file to write.")] = None,
    ) -> None:
        asked = {"period": period, "unit": unit, "role": role, "view": view}
        asked |= {"due": due, "at": at, "as_of": as_of}
        parameters = {k: v for k, v in asked.items() if v}
        if form in (Format.XLSX, Format.PDF) and output is None:
            raise typer.BadParameter("--output: cần tên tệp | a file to write")
        with open_hub(settings_for_reading()) as hub:
            catch_up(hub)
            if edition:
                body = _frozen(hub, name, parameters, edition)
            else:
                body = _filled(hub, name, parameters)
            if hub.is_synthetic:
                complain("số liệu mô phỏng | synthetic data")
            _write(hub, body, form, output)
        if body["broken"]:
            complain(f"{len(body['broken'])} đẳng thức không khớp | equations do not hold")
            raise typer.Exit(1)

    show.__doc__ = f"Fill biểu {name} for a period, or give an edition of it with its signature."
    return show


for _name in NAMES:
    app.command(_name)(_command(_name))


def _filled(hub: OpenHub, name: str, parameters: dict[str, str]) -> dict[str, Any]:
    report, now = registry.reports()[name], to_us(hub.clock())
    question = read_report_question(report, parameters, now)
    with hub.store.reading() as reading:
        book = as_known(hub.book(reading), read_as_of(parameters, now), now)
        filled = fill(report, question, book, is_computed=read_due(parameters))
        body = {**filled.public(), "status": status_of(report, question, book, filled)}
    return {**body, "is_synthetic": True} if hub.is_synthetic else body


def _frozen(hub: OpenHub, name: str, parameters: dict[str, str], number: int) -> dict[str, Any]:
    if parameters.keys() != {"period"}:
        complain("một bản đã chốt là của toàn tỉnh | an edition is of the whole province")
        raise typer.Exit(1)
    with hub.store.reading() as reading:
        report, period = registry.reports()[name], read_period(parameters["period"])
        listed = editions(report, hub.book(reading), period)
    if not 0 < number <= len(listed):
        complain(f"có {len(listed)} bản đã chốt | there are so many editions")
        raise typer.Exit(1)
    return listed[number - 1]


def _write(hub: OpenHub, body: dict[str, Any], form: Format, output: Path | None) -> None:
    if form is Format.TABLE:
        print_report(body)
        return
    content = write(body, form)
    if output is None:
        print(content.decode(), end="")
        return
    output.write_bytes(content)
    print(output)
    if body.get("edition"):
        beside = output.with_name(output.name + SIGNATURE)
        beside.write_text(sign_file(hub.signer(), content, body) + "\n", "ascii")
        print(beside)


@app.command("schedule")
def list_runs() -> None:
    """List scheduled reports: what was due, to whom it was given, what waits and why."""
    with open_hub(settings_for_reading()) as hub, hub.store.reading() as reading:
        for run in report_runs.listed(reading.connection, RUNS_SHOWN_MAX):
            at = from_us(run["due_at"]).isoformat(timespec="minutes")
            to = f"{run['outlet']} {run['address']}".strip()
            why = f"  {run['last_error']}" if run["last_error"] else ""
            print(f"{at}  {run['report']} {run['period']:8}  {run['state']:8} {to}{why}")


@app.command("editions")
def list_editions(
    name: Annotated[str, typer.Argument(metavar="REPORT", help="06a or 06b")], period: _Period
) -> None:
    """List the frozen editions of a report: number, when, by whom, digest, what changed."""
    if name not in NAMES:
        raise typer.BadParameter(f"one of {', '.join(NAMES)}")
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        with hub.store.reading() as reading:
            report = registry.reports()[name]
            listed = editions(report, hub.book(reading), read_period(period))
    for body in listed:
        edition, count = body["edition"], len(body.get("changes", ()))
        who = f"{edition['frozen_at']}  {edition['frozen_by']}  {edition['digest']}"
        print(f"{edition['number']}  {body['status']}  {who}  {count} thay đổi | changes")


@app.command("766")
def show_index(
    period: _Period,
    unit: Annotated[str, typer.Option(help="A unit, with what is below it.")] = "",
    role: Annotated[str, typer.Option(help="resolved_by or received_by.")] = "",
    as_of: Annotated[str, typer.Option(help="As the hub knew it then, ISO 8601.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print all there is to say.")] = False,
) -> None:
    """Score units by QĐ 766, by each reading, and say why the national portal may differ."""
    asked = {"period": period, "unit": unit, "role": role, "as_of": as_of}
    parameters = {k: v for k, v in asked.items() if v}
    index = registry.indexes()["766"]
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        now = to_us(hub.clock())
        question = read_report_question(index.counted(SENT), parameters, now)
        with hub.store.reading() as reading:
            book = as_known(hub.book(reading), read_as_of(parameters, now), now)
            body = score_units(index, question, book)
        if hub.is_synthetic:
            body["is_synthetic"] = True
            complain("số liệu mô phỏng | synthetic data")
    if as_json:
        print(json.dumps(body, ensure_ascii=False, indent=2))
    else:
        print_index(body)


@app.command("deadlines")
def show_deadlines(
    period: _Period,
    unit: Annotated[str, typer.Option(help="A unit, with what is below it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print all there is to say.")] = False,
) -> None:
    """Hold due dates as sent against those that working time says: which differ, and why."""
    parameters = {k: v for k, v in {"period": period, "unit": unit}.items() if v}
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        report, now = registry.reports()[NAMES[0]], to_us(hub.clock())
        question = read_report_question(report, parameters, now)
        with hub.store.reading() as reading:
            body = find_differences(report, question, hub.book(reading))
    if as_json:
        print(json.dumps(body, ensure_ascii=False, indent=2))
        return
    for row in body["differences"]:
        vi, en = REASONS[row["reason"]]
        days = "" if row["working_days"] is None else f"{row['working_days']:+} ngày làm việc"
        print(f"{row['entity']}  {row['sent']} → {row['computed']}  {days}  {vi} | {en}")
    for reason, n in body["counts"].items():
        print(f"{n:>8,}  {REASONS[reason][0]} | {REASONS[reason][1]}")
    print(f"{body['agree']:>8,}  khớp, trong {body['total']:,} hồ sơ | agree, of so many")


@app.command("findings")
def show_findings(
    period: _Period,
    unit: Annotated[str, typer.Option(help="A unit, with what is below it.")] = "",
    contract: Annotated[str, typer.Option(help="dossier, payment or fee; else all.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print all there is to say.")] = False,
) -> None:
    """List what does not look true, with what shows it; no figure is changed by it."""
    parameters = {k: v for k, v in {"period": period, "unit": unit}.items() if v}
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        report, now = registry.reports()[NAMES[0]], to_us(hub.clock())
        question = read_report_question(report, parameters, now)
        with hub.store.reading() as reading:
            rules = rules_of(registry.evidence(), contract or None)
            body = find_evidence(rules, report, question, hub.book(reading))
    if as_json:
        print(json.dumps(body, ensure_ascii=False, indent=2))
        return
    titles = {rule["rule"]: f"{rule['title_vi']} | {rule['title_en']}" for rule in body["rules"]}
    for row in body["findings"]:
        named = " ".join(row["entities"][:FINDING_NAMES_MAX])
        more = " …" if row["count"] > FINDING_NAMES_MAX else ""
        shown = "  ".join(f"{name}={value}" for name, value in row["evidence"].items())
        print(f"{row['unit']}  {row['at']}  {titles[row['rule']]}: {named}{more}  {shown}")
    for rule, n in body["counts"].items():
        print(f"{n:>8,}  {titles[rule]}")
    print(
        f"{body['total']:>8,}  dấu hiệu, không làm đổi số liệu | findings; figures stay as they are"
    )


@app.command("verify")
def verify_report(
    file: Annotated[Path, typer.Argument(help="An edition as a file; its signature is beside it.")],
    signature: Annotated[Path | None, typer.Option(help="By default FILE.jws.")] = None,
    keys: Annotated[
        Path | None, typer.Option(help="The published keys (JWK set); else this hub's own.")
    ] = None,
) -> None:
    """Tell whether a file is an edition as the hub signed it: exit 0, or 1. Needs no network."""
    beside = signature or file.with_name(file.name + SIGNATURE)
    try:
        if keys is None:
            with open_hub(settings_for_reading()) as hub:
                known = hub.signer().public()
        else:
            known = json.loads(keys.read_bytes())
        content, signed = file.read_bytes(), beside.read_bytes().decode("ascii")
        stated = verify_file(content, signed, known)
    except OSError as error:
        # Nothing was looked at: it is not said of a file that somebody changed it.
        complain(f"không đọc được {error.filename} | cannot be read: {error.strerror}")
        raise typer.Exit(2) from None
    except ValueError as error:
        complain(f"{file}: KHÔNG hợp lệ, tệp hoặc chữ ký đã bị sửa | not valid: {error}")
        raise typer.Exit(1) from None
    named = f"biểu {stated['report']} kỳ {stated['period']} bản {stated['edition']}"
    print(f"{file}: hợp lệ, {named}, mã băm {stated['digest']} | valid")
