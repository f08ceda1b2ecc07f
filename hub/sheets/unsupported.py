"""Files that are no tables: told by their first bytes, with what is to be sent instead."""

from collections.abc import Collection

from hub.sheets.table import FileError

_SAVE = ("hãy mở bằng Excel, lưu lại dạng .xlsx hoặc CSV UTF-8", "save it as .xlsx or CSV UTF-8")
_UNPACK = ("hãy giải nén, gửi từng tệp bên trong", "unpack it and send the files inside")
_BEGINNINGS: tuple[tuple[bytes, tuple[str, str], tuple[str, str]], ...] = (
    (
        b"\xd0\xcf\x11\xe0",
        ("tệp .xls kiểu cũ hoặc có mật khẩu", "an old .xls file or one with a password"),
        ("hãy lưu lại dạng .xlsx hoặc CSV", "save it as .xlsx or CSV"),
    ),
    (
        b"%PDF",
        ("tệp PDF, không phải bảng tính", "a PDF, not a table"),
        ("hãy gửi tệp bảng tính gốc, .xlsx hoặc CSV", "send the table that it was made of"),
    ),
    *(
        (magic, ("tệp nén", "a packed file"), _UNPACK)
        for magic in (b"\x1f\x8b", b"Rar!", b"7z\xbc")
    ),
    (
        b":20:",
        ("sao kê SWIFT MT940", "a SWIFT statement, MT940"),
        ("hãy xin ngân hàng xuất dạng Excel hoặc CSV", "ask the bank for Excel or CSV"),
    ),
    *(
        (
            mark,
            ("tệp JSON", "JSON"),
            ("hãy gửi qua /v1/events, hoặc lưu thành bảng", "send it to /v1/events, or as a table"),
        )
        for mark in (b"{", b"[")
    ),
)
_MARKUP = ("tệp HTML hoặc XML (thường mang tên .xls)", "HTML or XML, often named .xls")
_PACKED = (
    ("content.xml", ("tệp OpenDocument (.ods)", "an OpenDocument file (.ods)"), _SAVE),
    ("word/document.xml", ("tệp Word", "a Word document"), _SAVE),
    ("xl/workbook.bin", ("tệp Excel nhị phân (.xlsb)", "a binary workbook (.xlsb)"), _SAVE),
)


def refuse_unsupported(data: bytes) -> None:
    """Raise `FileError` for a file that is known to be no CSV and no XLSX."""
    begin = data[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not data.strip():
        raise FileError("missing_header", "tệp rỗng, không có nội dung nào", "the file is empty")
    for mark, what, instead in _BEGINNINGS:
        if begin.startswith(mark):
            raise _unsupported(what, instead)
    if begin.startswith(b"<"):
        raise _unsupported(_MARKUP, _SAVE)


def refuse_packed(names: Collection[str]) -> None:
    """Raise `FileError` for an archive that holds such entries, where it is no workbook at all."""
    if any(name.startswith("xl/") and name.endswith(".xml") for name in names):
        return
    for name, what, instead in _PACKED:
        if name in names:
            raise _unsupported(what, instead)
    raise _unsupported(("tệp nén", "a packed file"), _UNPACK)


def _unsupported(what: tuple[str, str], instead: tuple[str, str]) -> FileError:
    return FileError("unsupported_format", f"{what[0]}; {instead[0]}", f"{what[1]}; {instead[1]}")
