"""The command `hub render`: files of a source tree that are made from its definitions."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer
from pydantic_settings import BaseSettings

from hub import places, registry
from hub.access import roles
from hub.definitions import asyncapi, revisions
from hub.definitions.installed import OWN
from hub.operating import dashboard, meanings, metrics, objectives, scrapes, workloads
from hub.store import sql_board, sql_page
from hub.store.sql_views import views_of

app = typer.Typer()
EXAMPLES = {
    "render": ("hub render", "hub render --check"),
}


@app.command()
def render(
    check: Annotated[bool, typer.Option(help="Write nothing; exit 1 if stale.")] = False,
) -> None:
    """Write what is rendered: schemas, pages, rules, dashboards, AsyncAPI (in a source tree)."""
    folder = Path(str(places.avro_folder()))
    stale = revisions.render([*registry.contracts().values(), *OWN.values()], folder, check=check)
    root = folder.parents[1]
    texts = {
        "docs/metrics.md": metrics.reference(),
        "docs/roles.md": roles.reference(),
        **{f"deploy/grafana/{name}": text for name, text in dashboard.dashboards()},
        sql_page.PATH: sql_page.page(
            views_of(registry.definitions(), registry.installed().lists.installed.forms)
        ),
        sql_board.PATH: sql_board.dashboard(),
        objectives.PATH: objectives.rules(),
        objectives.PAGE: objectives.page(),
    }
    from hub.kafka import resources  # noqa: PLC0415 (the embedded profile needs no Kafka)

    connectors = {name: c.settings for name, c in registry.connectors().items()}
    sources = {name: registry.sources()[name].contract for name in connectors}
    texts |= workloads.files(connectors)
    texts |= resources.files(registry.contracts().values(), sources)
    if (root / "pyproject.toml").exists():
        texts[meanings.PAGE] = meanings.reference(root, _own_settings())
        texts[scrapes.MACHINE] = scrapes.machine(connectors)
        texts[scrapes.CLUSTER] = scrapes.cluster(_rules(root, texts))
    if not (check and stale):  # a schema that is not written yet cannot be described
        topics = asyncapi.describe(registry.contracts().values())
        texts["docs/asyncapi.json"] = json.dumps(topics, ensure_ascii=False, indent=1) + "\n"
    for name, text in texts.items():
        path = root / name
        if not (root / "pyproject.toml").exists():
            continue  # an installed package has no documents
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
    for name in stale:
        print(f"{'stale' if check else 'wrote'}: {name}")
    if check and stale:
        raise typer.Exit(1)


def _rules(root: Path, rendered: Mapping[str, str]) -> Iterator[str]:
    """Give the files of rules: as they are rendered now, or as somebody wrote them."""
    for name in scrapes.RULES:
        path = str(Path(scrapes.MACHINE).with_name(name))
        yield rendered.get(path) or (root / path).read_text("utf-8")


def _own_settings() -> dict[str, type[BaseSettings]]:
    """Give the settings of connectors and outlets, by the middle of their variables' names."""

    connectors = {name: c.settings for name, c in registry.connectors().items()}
    return connectors | {f"outlet_{name}": o.settings for name, o in registry.outlets().items()}
