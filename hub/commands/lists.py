"""The lists of a folder, checked, as several commands want them."""

from pathlib import Path

import typer

from hub import registry
from hub.commands.console import complain
from hub.opening import names_for_lists
from hub.reference.checking import Flaw, check_tables
from hub.reference.form import Form
from hub.sheets.province import Fault, ListFile, read_province


def read_checked(folder: Path) -> dict[str, ListFile]:
    """Read a folder's lists; print what is wrong and exit 1, or 2 where there is none."""
    forms = registry.forms()
    if not folder.is_dir():
        raise typer.BadParameter(f"{folder}: không phải thư mục | not a folder")
    files = read_province(forms, folder)
    if not files:
        listed = ", ".join(f"{name}.csv" for name in forms)
        raise typer.BadParameter(f"{folder}: không có tệp nào trong | holds none of {listed}")
    tables = {name: file.rows for name, file in files.items()}
    flaws = check_tables(forms, tables, names_for_lists(registry.installed()))
    faults = []
    for name, file in files.items():
        for vi, en in file.passed:
            print(f"{file.file}: {vi} | {en}")
        faults += [*file.faults, *_faults(forms[name], file, flaws[name])]
    for fault in faults:
        print(fault.text())
    if faults:
        complain(f"{len(faults)} lỗi, chưa nạp gì | {len(faults)} faults, nothing is loaded")
        raise typer.Exit(1)
    return files


def _faults(form: Form, file: ListFile, flaws: list[Flaw]) -> list[Fault]:
    """Give what is wrong with the rows together; print what is only to be known."""
    titles = {c.name: c.title_vi for c in form.columns}
    faults = []
    for flaw in flaws:
        line = file.lines[flaw.row]
        words = (titles[flaw.column], flaw.value, flaw.rule, flaw.vi, flaw.en)
        fault = Fault(file.file, line, *words)
        if flaw.is_note:
            print(f"lưu ý | note: {fault.text()}")
        else:
            faults.append(fault)
    return faults
