"""Number formats of a workbook: whether a cell shows its number, a day, or something else.

The codes are those of ECMA-376, 18.8.30. A format that shows another number than the one that is
stored (`#,##0,,` shows millions, `0" triệu"` writes a unit behind it, `$#,##0` another money), or a
day without its year, hides from its sender what the file says: such a cell is `VEILED`.
"""

import re

from hub.sheets.notes import unit

# Formats that have a number and no code in the file, as far as they matter.
BUILT_IN = {"9": "0%", "10": "0.00%", "14": "dd/mm/yyyy", "15": "d-mmm-yy", "16": "d-mmm"}
BUILT_IN |= {"17": "mmm-yy", "22": "m/d/yy h:mm"}
VEILED = "!"
_LITERAL = re.compile(r'"([^"]*)"|\[\$([^\]-]*)[^\]]*\]|\\(.)|(\$)')
_IGNORED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_THOUSANDS = re.compile(r"[0#?],+(?![0#?,])")


def shown_as(code: str) -> str:
    """Say what a format shows: `%`, `y`, `ym`, `ymd`, `ymdh`, `h`, or a plain number (nothing).

    Behind `VEILED` stands the code of one that shows something else than is stored.
    """
    first = _first_section(code)
    shown = _IGNORED.sub("", first).lower()
    if "%" in shown:
        return "%"
    has_hours = "h" in shown or "s" in shown
    if "y" not in shown and "d" not in shown:
        is_veiled = _THOUSANDS.search(shown) is not None or _names_unit(first)
        return f"{VEILED}{code}" if is_veiled else "h" if has_hours else ""
    if "y" not in shown:
        return f"{VEILED}{code}"
    if "d" in shown:
        return "ymdh" if has_hours else "ymd"
    return "ym" if "m" in shown else "y"


def _first_section(code: str) -> str:
    """Give the section for positive numbers: up to a semicolon that is no literal."""
    end = re.match(r'(?:"[^"]*"|\\.|\[[^\]]*\]|[^;])*', code)
    return end[0] if end else code


def _names_unit(section: str) -> bool:
    """Tell whether a literal of a format is a unit other than đồng: a multiple, another money."""
    words = ("".join(filter(None, parts)) for parts in _LITERAL.findall(section))
    units = [one for word in words if (one := unit(word)) is not None]
    return any(one.counts == "foreign" or one.scale for one in units)
