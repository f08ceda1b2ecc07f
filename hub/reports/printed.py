"""Printed: a report as PDF, set by typst with the fonts that it brings along.

What stands on the page is handed over as data, so that no name in it is read as markup.
"""

import json

import typst

from hub.reports import written
from hub.reports.written import Body

# Libertinus Serif comes with typst and has all letters of Vietnamese.
_TEMPLATE = """
#let body = json(bytes(sys.inputs.body))
#set document(title: body.title, author: body.reporter, date: none)
#set page(paper: "a4", flipped: true, margin: (x: 1.5cm, y: 1.5cm),
  footer: context align(center, text(8pt)[#counter(page).display("1/1", both: true)]))
#set text(font: "Libertinus Serif", size: 10pt, lang: "vi")
#grid(columns: (1fr, 1fr), column-gutter: 6cm,
  stack(spacing: 5pt, text(weight: "bold", body.left.at(0)), ..body.left.slice(1)),
  stack(spacing: 5pt, ..body.right))
#v(6pt)
#align(center, stack(spacing: 6pt,
  ..body.heading.map(line => text(13pt, weight: "bold", line)), ..body.under))
#align(right, text(9pt, style: "italic", body.unit))
#table(
  columns: (auto, 1fr) + (auto,) * body.titles.len(),
  align: (x, y) => if y < 3 or x == 0 { center + horizon } else if x == 1 { left } else { right },
  inset: 4pt, stroke: 0.5pt,
  table.header(
    table.cell(rowspan: 2, strong[STT]), table.cell(rowspan: 2, strong(body.row_title)),
    ..body.groups.map(g => table.cell(colspan: g.at(1), strong(g.at(0)))),
    ..body.titles.map(t => text(9pt, t)),
    [], [], ..range(1, body.titles.len() + 1).map(i => emph[(#i)]),
  ),
  ..body.rows.map(r => r.cells.map(c => if r.is_head { strong(c) } else { text(c) })).flatten()
)
#stack(spacing: 5pt, ..body.foot.map(line => text(8.5pt, style: "italic", line)))
#v(10pt)
#block(breakable: false, grid(columns: (1fr, 1fr),
  align(center)[*Người lập biểu* \\ #text(9pt, style: "italic")[(Ký, họ tên)]],
  align(center)[*Thủ trưởng đơn vị* \\ #text(9pt, style: "italic")[(Ký, đóng dấu)]]))
"""


def write_pdf(body: Body) -> bytes:
    """Set a report as PDF, A4 on its side."""
    page = {
        "title": f"{body['number']} {body['period']}",
        "reporter": body["unit_name"] or "Toàn tỉnh",
        "left": written.head_left(body),
        "right": written.head_right(body),
        "heading": body["heading_vi"],
        "under": written.under_title(body),
        "unit": f"Đơn vị tính: {body['unit_of_count_vi']}",
        "row_title": body["row_title_vi"],
        "groups": written.groups(body),
        "titles": written.titles(body),
        "rows": [
            {
                "cells": [row.number, row.name, *map(written.write_number, row.counts)],
                "is_head": row.is_head,
            }
            for row in written.rows(body)
        ],
        "foot": written.foot(body),
    }
    made: bytes = typst.compile(
        _TEMPLATE.encode(),
        sys_inputs={"body": json.dumps(page, ensure_ascii=False)},
        ignore_system_fonts=True,
    )
    return made
