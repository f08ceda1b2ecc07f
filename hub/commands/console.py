"""What commands share: their settings, how they complain, and how they show progress."""

import getpass
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from hub.access.audit import Entry
from hub.access.grounds import Grounds, read_grounds
from hub.opening import OpenHub
from hub.reference.periods import Period, parse_period
from hub.settings import Settings, SettingsError, read_settings
from hub.troubles import RefusedError

err = Console(stderr=True)
DEMO_FOLDER = Path(".hub-demo")
Owner = Annotated[str, typer.Option(help="Who answers for it.")]
Purpose = Annotated[str, typer.Option(help="What it is for.")]
LegalBasis = Annotated[str, typer.Option(help="By which law or agreement it is had.")]


def settings_for_reading() -> Settings:
    """Read the settings of a hub that is there; raise `SettingsError` where there is none.

    Where none name a folder and only the demo's is here, that is taken.
    """
    settings = settings_for_acting()
    if not settings.kafka_bootstrap and not settings.data_dir.exists():
        raise SettingsError(
            f"HUB_DATA_DIR={settings.data_dir}: không có thư mục này, nên chưa có dữ liệu nào; `hub"
            " serve` tạo mới, `hub restore` lấy lại từ kho lưu trữ | no such folder, so nothing to"
            " read; `hub serve` makes one, `hub restore` brings a lost one back"
        )
    return settings


def settings_for_acting() -> Settings:
    """Read the settings of a hub that may yet be made, as `settings_for_reading` does."""
    settings = read_settings()
    is_silent = "data_dir" not in settings.model_fields_set
    if is_silent and not settings.data_dir.exists() and DEMO_FOLDER.exists():
        complain(f"HUB_DATA_DIR is not set: using {DEMO_FOLDER}", "dim")
        return settings.model_copy(update={"data_dir": DEMO_FOLDER})
    return settings


def read_period(text: str) -> Period:
    """Read a period as it is written on the command line."""
    try:
        return parse_period(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def read_filters(words: Iterable[str] | None) -> dict[str, str]:
    """Read filters, each such as service=electricity."""
    filters = {}
    for word in words or ():
        name, is_filter, value = word.partition("=")
        if not is_filter:
            raise typer.BadParameter(f"{word}: a filter is such as service=electricity")
        filters[name] = value
    return filters


def grounds_of(owner: str, purpose: str, legal_basis: str) -> Grounds:
    """Read on what grounds somebody is to have access."""
    try:
        return read_grounds(owner, purpose, legal_basis)
    except RefusedError as error:
        raise typer.BadParameter(f"{error.vi} | {error.en}") from None


def act(hub: OpenHub, action: str, **detail: Any) -> None:
    """Note an administrative act in the audit log, before it is done."""
    hub.audit().append([Entry(f"console:{getpass.getuser()}", action, detail=detail)])


def complain(text: str, style: str = "red") -> None:
    """Say what is wrong on standard error, as it stands: neither wrapped nor marked up."""
    err.print(text, style=style, soft_wrap=True, markup=False, highlight=False)


def complain_of_nothing(settings: Settings) -> None:
    """Say that nothing was read: what agrees with nothing proves nothing."""
    where = settings.kafka_bootstrap or settings.log_path
    complain(
        f"không có sự kiện nào trong nhật ký ({where}), nên không chứng minh được gì; nếu nhật ký"
        " đã mất, chạy `hub restore` từ kho lưu trữ |"
        f" nothing was read: there is no event in the log ({where}); where it is lost, run"
        " `hub restore` with its archive"
    )


@contextmanager
def progress(task: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far a task is, by what is done and in total."""
    with progress_bar() as bar:
        shown = bar.add_task(task, total=None)

        def report(done: int, total: int) -> None:
            bar.update(shown, completed=done, total=total)

        yield report


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show a progress bar on standard error."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err) as bar:
        yield bar
