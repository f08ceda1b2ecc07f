"""DCAT: the catalogue of a release, by which portals of open data harvest it.

Data Catalog Vocabulary, version 3 (W3C Recommendation of 22 August 2024), with what DCAT-AP 3 asks
for. Nodes have addresses of their own, so that two releases can be compared line by line. And the
data dictionary, as a table: which column means what.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rdflib import DCAT, DCTERMS, FOAF, RDF, RDFS, SKOS, XSD, Graph, Literal, Namespace, URIRef

from hub.definitions.contract import Doc
from hub.open_data.opened import UNLISTED, WHOLE
from hub.open_data.release import DICTIONARY, REVISIONS, WITHHELD

SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
VERSION = URIRef(f"{DCAT}version")  # of DCAT 3; rdflib knows DCAT 2
AUTHORITY = "http://publications.europa.eu/resource/authority"
IANA = "https://www.iana.org/assignments/media-types/"
PARQUET_MEDIA = "application/vnd.apache.parquet"
FORMS = {"csv": ("CSV", "text/csv"), "parquet": ("PARQUET", PARQUET_MEDIA)}
FREQUENCIES = {"day": "DAILY", "month": "MONTHLY", "quarter": "QUARTERLY", "year": "ANNUAL"}
RESOLUTIONS = {"day": "P1D", "month": "P1M", "quarter": "P3M", "year": "P1Y"}
THEMES = {"salinity": "ENVI"}  # by the group of a KPI; all others are about government
GOVERNMENT = "GOVE"
CATALOGUES = {"catalogue.ttl": "turtle", "catalogue.jsonld": "json-ld"}
ROOT = "/v1/open-data"
TITLE = Doc("Dữ liệu mở của tỉnh", "Open data of the province")
LAW = Doc(
    "Nghị định 278/2025/NĐ-CP (trước đó 47/2020/NĐ-CP): dữ liệu mở; Luật Thống kê 89/2015/QH13 và"
    " Luật 91/2025/QH15: không để lộ thông tin của từng tổ chức, cá nhân",
    "Decree 278/2025 (before it 47/2020): open data; Law on Statistics 89/2015 and Law 91/2025:"
    " nothing of a single organisation or person is told",
)
SYNTHETIC = Doc("SỐ LIỆU MÔ PHỎNG. ", "SYNTHETIC DATA. ")


@dataclass(frozen=True)
class Publishing:
    """Who publishes, where, under which licence: `base` is the address of the hub."""

    base: str
    publisher: str
    licence: str
    contact: str
    place: str
    place_code: str


def withheld_doc(least: int) -> Doc:
    """Say which counts are withheld, and why others are with them."""
    return Doc(
        f"Số đếm từ 1 đến {least - 1} và những số có thể dùng để tính ra nó để trống, cột withheld"
        f" ghi {WITHHELD}.",
        f"Counts from 1 to {least - 1}, and what they could be worked out from, are empty, with"
        f" {WITHHELD} in the column withheld.",
    )


def catalogue_of(stated: Mapping[str, Any], groups: Mapping[str, str], by: Publishing) -> Graph:
    """Describe a release; `stated` is what `describe` of it gave, with its files."""
    graph = Graph()
    for prefix, namespace in (("spdx", SPDX), ("vcard", VCARD), ("dcat", DCAT), ("dct", DCTERMS)):
        graph.bind(prefix, namespace)
    root = URIRef(f"{by.base}{ROOT}")
    made = Literal(stated["made_at"], datatype=XSD.dateTime)
    mark = SYNTHETIC if stated["is_synthetic"] else Doc("", "")
    graph.add((root, RDF.type, DCAT.Catalog))
    _say(graph, root, DCTERMS.title, Doc(mark.vi + TITLE.vi, mark.en + TITLE.en))
    _say(graph, root, DCTERMS.description, LAW)
    _shared(graph, root, by)
    graph.add((root, DCTERMS.modified, made))
    graph.add((root, VERSION, Literal(str(stated["number"]))))
    graph.add((root, FOAF.homepage, root))
    for lang in ("VIE", "ENG"):
        graph.add((root, DCTERMS.language, URIRef(f"{AUTHORITY}/language/{lang}")))
    for name in stated["datasets"]:
        dataset = _dataset(graph, name, stated, groups.get(name, ""), by)
        graph.add((root, DCAT.dataset, dataset))
    return graph


def _say(graph: Graph, node: URIRef, about: URIRef, doc: Doc) -> None:
    graph.add((node, about, Literal(doc.vi, lang="vi")))
    graph.add((node, about, Literal(doc.en, lang="en")))


def _shared(graph: Graph, node: URIRef, by: Publishing) -> None:
    """Say publisher, licence and place."""
    root = f"{by.base}{ROOT}"
    publisher, place = URIRef(f"{root}#publisher"), URIRef(f"{root}#place")
    graph.add((node, DCTERMS.publisher, publisher))
    graph.add((publisher, RDF.type, FOAF.Agent))
    graph.add((publisher, FOAF.name, Literal(by.publisher, lang="vi")))
    graph.add((node, DCTERMS.license, URIRef(by.licence)))
    graph.add((URIRef(by.licence), RDF.type, DCTERMS.LicenseDocument))
    graph.add((node, DCTERMS.spatial, place))
    graph.add((place, RDF.type, DCTERMS.Location))
    graph.add((place, SKOS.prefLabel, Literal(by.place, lang="vi")))
    if by.place_code:
        graph.add((place, DCTERMS.identifier, Literal(by.place_code)))


def _dataset(
    graph: Graph, name: str, stated: Mapping[str, Any], group: str, by: Publishing
) -> URIRef:
    about = stated["datasets"][name]
    node = URIRef(f"{by.base}{ROOT}/{name}")
    graph.add((node, RDF.type, DCAT.Dataset))
    graph.add((node, DCTERMS.identifier, Literal(name)))
    _say(graph, node, DCTERMS.title, Doc(about["title_vi"], about["title_en"]))
    note = withheld_doc(stated["least"]) if about["is_of_people"] else Doc("", "")
    described = Doc(
        f"{about['question_vi']} {note.vi}".strip(), f"{about['question_en']} {note.en}".strip()
    )
    _say(graph, node, DCTERMS.description, described)
    _shared(graph, node, by)
    owner = URIRef(f"{node}#owner")
    graph.add((node, DCTERMS.creator, owner))
    graph.add((owner, RDF.type, FOAF.Agent))
    graph.add((owner, FOAF.name, Literal(about["owner"], lang="vi")))
    if by.contact:
        contact = URIRef(f"{by.base}{ROOT}#contact")
        graph.add((node, DCAT.contactPoint, contact))
        graph.add((contact, RDF.type, VCARD.Organization))
        graph.add((contact, VCARD.fn, Literal(by.publisher, lang="vi")))
        graph.add((contact, VCARD.hasEmail, URIRef(f"mailto:{by.contact}")))
    theme = THEMES.get(group, GOVERNMENT)
    graph.add((node, DCAT.theme, URIRef(f"{AUTHORITY}/data-theme/{theme}")))
    graph.add((node, DCTERMS.accessRights, URIRef(f"{AUTHORITY}/access-right/PUBLIC")))
    frequency = URIRef(f"{AUTHORITY}/frequency/{FREQUENCIES[about['finest']]}")
    graph.add((node, DCTERMS.accrualPeriodicity, frequency))
    resolution = Literal(RESOLUTIONS[about["finest"]], datatype=XSD.duration)
    graph.add((node, DCAT.temporalResolution, resolution))
    if about["rows"]:
        span = URIRef(f"{node}#temporal")
        graph.add((node, DCTERMS.temporal, span))
        graph.add((span, RDF.type, DCTERMS.PeriodOfTime))
        graph.add((span, DCAT.startDate, Literal(about["first_on"], datatype=XSD.date)))
        graph.add((span, DCAT.endDate, Literal(about["last_on"], datatype=XSD.date)))
        graph.add((node, DCTERMS.modified, Literal(about["modified_on"], datatype=XSD.date)))
    graph.add((node, VERSION, Literal(str(stated["number"]))))
    provenance = URIRef(f"{node}#provenance")
    graph.add((node, DCTERMS.provenance, provenance))
    graph.add((provenance, RDF.type, DCTERMS.ProvenanceStatement))
    _say(graph, provenance, RDFS.label, LAW)
    for file in (DICTIONARY, REVISIONS):
        graph.add((node, FOAF.page, URIRef(f"{by.base}{ROOT}/files/{file}")))
    for form in FORMS:
        graph.add((node, DCAT.distribution, _distribution(graph, name, form, stated, by)))
    return node


def _distribution(
    graph: Graph, name: str, form: str, stated: Mapping[str, Any], by: Publishing
) -> URIRef:
    file = stated["files"][f"{name}.{form}"]
    label, media = FORMS[form]
    address = URIRef(f"{by.base}{ROOT}/files/{name}.{form}")
    node = URIRef(f"{by.base}{ROOT}/{name}#{form}")
    graph.add((node, RDF.type, DCAT.Distribution))
    graph.add((node, DCTERMS.title, Literal(f"{name}.{form}")))
    graph.add((node, DCAT.accessURL, address))
    graph.add((node, DCAT.downloadURL, address))
    graph.add((node, DCAT.mediaType, URIRef(f"{IANA}{media}")))
    graph.add((node, DCTERMS.format, URIRef(f"{AUTHORITY}/file-type/{label}")))
    graph.add((node, DCTERMS.license, URIRef(by.licence)))
    graph.add((node, DCAT.byteSize, Literal(file["bytes"], datatype=XSD.nonNegativeInteger)))
    checksum = URIRef(f"{node}-sha256")
    graph.add((node, SPDX.checksum, checksum))
    graph.add((checksum, RDF.type, SPDX.Checksum))
    graph.add((checksum, SPDX.algorithm, SPDX.checksumAlgorithm_sha256))
    graph.add((checksum, SPDX.checksumValue, Literal(file["sha256"], datatype=XSD.hexBinary)))
    return node


def write_catalogues(graph: Graph) -> dict[str, bytes]:
    """Write a catalogue in each form."""
    return {
        name: graph.serialize(format=form, encoding="utf-8") for name, form in CATALOGUES.items()
    }


_DIMENSION = Doc(
    f"Chiều phân tổ; {WHOLE}: tất cả, {UNLISTED}: không có trong danh mục",
    f"A dimension; {WHOLE}: all of it, {UNLISTED}: in no list",
)
_UNIT = Doc(
    f"Đơn vị tiếp nhận hoặc giải quyết, riêng nó; {WHOLE}: toàn tỉnh",
    f"The unit that received or resolved, by itself; {WHOLE}: the province",
)
_MEANINGS = {
    "unit": ("text", _UNIT),
    "period": ("text", Doc("Kỳ: 2023, 2023-Q1, 2023-05", "The period: 2023, 2023-Q1, 2023-05")),
    "period_kind": ("text", Doc("Loại kỳ", "Kind of period: day, month, quarter, year")),
    "unit_name": ("text", Doc("Tên đơn vị ở kỳ đó", "Name of the unit in that period")),
    "numerator": ("integer", Doc("Tử số, hoặc số đếm", "Numerator, or what is counted")),
    "denominator": ("integer", Doc("Mẫu số; trống: không có", "Denominator; empty: there is none")),
    "value": ("decimal", Doc("Giá trị; tỷ lệ từ 0 đến 1", "The value; shares from 0 to 1")),
    "status": ("text", Doc("Tạm tính, chính thức, điều chỉnh", "provisional, official, restated")),
    "restated_numerator": ("integer", Doc("Tử số sau điều chỉnh", "Numerator as restated")),
    "restated_denominator": ("integer", Doc("Mẫu số sau điều chỉnh", "Denominator as restated")),
    "restated_value": ("decimal", Doc("Giá trị sau điều chỉnh", "The value as restated")),
    "completeness": ("decimal", Doc("Mức đầy đủ, 0 đến 1", "Completeness, from 0 to 1")),
    "withheld": ("text", Doc(f"{WITHHELD}: có số được giữ kín", f"{WITHHELD}: some are withheld")),
    "revision": ("integer", Doc("Số lần sửa từ bản đầu", "How often revised since first released")),
    "revised_on": ("date", Doc("Ngày của lần sửa cuối", "Day on which it last became so")),
    "definition_version": ("text", Doc("Phiên bản định nghĩa", "Version of the definition")),
}


def write_dictionary(stated: Mapping[str, Any]) -> bytes:
    """Write the data dictionary: a row a column of each dataset, both languages."""
    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("dataset", "column", "type", "measure_unit", "meaning_vi", "meaning_en"))
    for name, about in stated["datasets"].items():
        for column in about["columns"]:
            kind, doc = _MEANINGS.get(column, ("text", _DIMENSION))
            unit = about["measure_unit"] if column in ("value", "restated_value") else ""
            rows.writerow((name, column, kind, unit, doc.vi, doc.en))
    return out.getvalue().encode()
