"""The commands `hub try`: what would change, before anything is committed."""

import json
from pathlib import Path
from typing import Annotated

import typer

from hub import registry
from hub.clock import to_us
from hub.commands import show
from hub.commands.console import complain, settings_for_reading
from hub.commands.lists import read_checked
from hub.definitions.admission import BodyError, admit
from hub.opening import catch_up, open_hub
from hub.proof.trial import Trial, try_events, try_reference
from hub.reports.deadlines import find_flips

app = typer.Typer(
    name="try", help="What would change, before anything is committed.", no_args_is_help=True
)
EXAMPLES = {
    "try events": ("hub try events ho-so.json --contract dossier --sender so-tu-phap",),
    "try reference": ("hub try reference danh-muc/",),
}
FLIPS_SHOWN_MAX = 50
_Json = Annotated[bool, typer.Option("--json", help="Print all there is to say.")]


@app.command()
def events(
    file: Annotated[Path, typer.Argument(help="JSON (an array or lines), as for the gateway.")],
    contract: Annotated[str, typer.Option(help="The contract of the events.")],
    sender: Annotated[str, typer.Option(help="Who would send them.")],
    as_json: _Json = False,
) -> None:
    """Say which figures and cells events would change, were they sent now; commit nothing."""
    installed = registry.contracts().get(contract)
    if installed is None:
        raise typer.BadParameter(f"--contract: one of {', '.join(registry.contracts())}")
    try:
        admitted = admit(installed, file.read_bytes())
    except BodyError as error:
        complain(f"{file}: {error.vi} | {error.en}")
        raise typer.Exit(1) from None
    for v in admitted.rejected:
        complain(f"{file}, {v.index + 1}: {v.field} {v.rule}: {v.message_vi} | {v.message_en}")
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        now = to_us(hub.clock())
        trial = try_events(
            hub.store, hub.log, hub.installed, installed, admitted.events, sender, now
        )
    _print(trial, as_json=as_json)
    if admitted.rejected:
        raise typer.Exit(1)


@app.command()
def reference(
    folder: Annotated[Path, typer.Argument(help="A folder with the tables that are to change.")],
    as_json: _Json = False,
) -> None:
    """Say which figures other lists would change, were they loaded now; load nothing."""
    tables = {name: file.rows for name, file in read_checked(folder).items()}
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        with hub.store.reading() as reading:
            book, now = hub.book(reading), to_us(hub.clock())
            trial = try_reference(book, hub.kpis.values(), tables, now)
            flips = [f for fact in book.facts.values() for f in find_flips(fact, book, tables, now)]
    if as_json:
        print(json.dumps({**vars(trial), "flips": flips}, ensure_ascii=False, indent=2))
        return
    show.print_trial(trial)
    for flip in flips[:FLIPS_SHOWN_MAX]:
        before, after = (f"{flip[n]['state']} ({flip[n]['due_at']})" for n in ("before", "after"))
        sent = f"  (hạn nguồn gửi | as sent: {flip['sent']})" if flip["sent"] else ""
        print(f"{flip['entity']}: {before} → {after}{sent}")
    unsent = sum(not flip["sent"] for flip in flips)
    print(
        f"{len(flips):,} hồ sơ đổi kết quả theo hạn tính lại, trong đó {unsent:,} nguồn không gửi"
        " | dossiers flip by computed due dates, of so many the source sent none"
    )


def _print(trial: Trial, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(vars(trial), ensure_ascii=False, indent=2))
    else:
        show.print_trial(trial)
