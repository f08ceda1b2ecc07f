"""The command `hub serve`: the gateway, the KPI API and the pages."""

import typer

from hub.opening import open_hub, running
from hub.operating.logs import log_as_json
from hub.operating.tracing import traced
from hub.settings import read_settings

app = typer.Typer()
EXAMPLES = {
    "serve": ("hub serve", "HUB_LISTEN=0.0.0.0:8080 hub serve"),
}


@app.command("serve")
def serve_hub() -> None:
    """Serve the gateway, the KPI API, the page and the metrics; without Kafka, apply the log."""
    log_as_json()
    from hub.http import serving  # noqa: PLC0415 (only what serves needs the web framework)

    settings = read_settings()
    with traced(settings, "serve"), open_hub(settings) as hub, running(hub):
        server = serving.make_server(hub)
        print(f"{hub.settings.url}/ (stop with Ctrl-C)", flush=True)
        serving.serve(server)
