"""Described: a table of contents for those who read, as DCAT and as plain JSON.

`contents.ttl` is a catalogue (DCAT 3) with a dataset a table; `contents.json` names, for engines
that do not read Iceberg, the metadata and the files of rows of the present snapshot.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pyiceberg.table import Table
from rdflib import DCAT, DCTERMS, RDF, XSD, Graph, Literal, URIRef

from hub.clock import iso
from hub.definitions.contract import Doc
from hub.warehouse.contents import Content
from hub.warehouse.laying import AT, CUT, DIGEST, ROWS, summary
from hub.warehouse.retaining import data_files, path_of

PARQUET = URIRef("https://www.iana.org/assignments/media-types/application/vnd.apache.parquet")
ICEBERG = URIRef("https://iceberg.apache.org/spec/#version-2")
TITLE = Doc("Kho dữ liệu dùng chung của tỉnh", "The province's shared warehouse")


def describe(folder: Path, publisher: str, tables: Sequence[tuple[Content, Table]]) -> None:
    """Write the table of contents anew, each file whole."""
    listed = [_of_table(content, table, folder) for content, table in tables]
    said = {"title_vi": TITLE.vi, "title_en": TITLE.en, "publisher": publisher, "tables": listed}
    _write(folder / "contents.json", json.dumps(said, ensure_ascii=False, indent=1) + "\n")
    _write(folder / "contents.ttl", _catalogue(folder, publisher, tables))


def _of_table(content: Content, table: Table, folder: Path) -> dict[str, Any]:
    known = summary(table)
    metadata = path_of(table.metadata_location)
    return {
        "name": content.name,
        "title_vi": content.doc.vi,
        "title_en": content.doc.en,
        "cut": known.get(CUT, ""),
        "at": iso(int(known[AT])) if AT in known else None,
        "rows": int(known.get(ROWS, "0")),
        "digest": known.get(DIGEST, ""),
        "metadata": str(metadata.relative_to(folder)),
        "files": [str(p.relative_to(folder)) for p in data_files(table)],
        "columns": [
            {"name": n, "type": str(kind), "vi": doc.vi, "en": doc.en}
            for n, (kind, doc) in content.columns.items()
        ],
    }


def _catalogue(folder: Path, publisher: str, tables: Sequence[tuple[Content, Table]]) -> str:
    graph = Graph()
    root = URIRef(folder.as_uri())
    graph.bind("dcat", DCAT)
    graph.bind("dct", DCTERMS)
    graph.add((root, RDF.type, DCAT.Catalog))
    graph.add((root, DCTERMS.publisher, Literal(publisher)))
    _titled(graph, root, TITLE)
    for content, table in tables:
        dataset = URIRef(path_of(table.location()).as_uri())
        graph.add((root, DCAT.dataset, dataset))
        graph.add((dataset, RDF.type, DCAT.Dataset))
        graph.add((dataset, DCTERMS.identifier, Literal(content.name)))
        graph.add((dataset, DCTERMS.conformsTo, ICEBERG))
        _titled(graph, dataset, content.doc)
        known: Mapping[str, str] = summary(table)
        if AT in known:
            changed = Literal(iso(int(known[AT])), datatype=XSD.dateTime)
            graph.add((dataset, DCTERMS.modified, changed))
            graph.add((dataset, DCTERMS.provenance, Literal(known[CUT])))
        distribution = URIRef(path_of(table.metadata_location).as_uri())
        graph.add((dataset, DCAT.distribution, distribution))
        graph.add((distribution, RDF.type, DCAT.Distribution))
        graph.add((distribution, DCAT.mediaType, PARQUET))
        graph.add((distribution, DCAT.accessURL, distribution))
    return graph.serialize(format="turtle")


def _titled(graph: Graph, node: URIRef, doc: Doc) -> None:
    for language, text in (("vi", doc.vi), ("en", doc.en)):
        graph.add((node, DCTERMS.title, Literal(text, lang=language)))


def _write(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.aside")
    aside.write_text(text, "utf-8")
    aside.replace(path)
