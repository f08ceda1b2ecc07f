"""What the KPIs of papers share. Each day's counts are of the unit that its code named then."""

from hub.definitions.contract import Doc
from hub.figures.kpi import ByRole, Example, Kpi
from hub.figures.terms import Flow
from stream_jobs.worked import document

OWNER = "Văn phòng UBND tỉnh"
DIMS: dict[str, str | ByRole] = {
    "unit": ByRole({"unit": "unit"}, since={"unit": "begun_at"}),
}
HANDLED = Flow("document.handled", "value")
ONLINE = Flow("document.handled_online", "value")
# Two units of the province, one revised; a district; two communes.
PAPERS = [
    document("H57.1", "province", "2023-05-17", 10, 8),
    document("H57.1", "province", "2023-05-17", 12, 11, revision=1),
    document("H57.2", "province", "2023-05-18", 8, 7),
    document("H57.21", "district", "2023-05-17", 25, 22),
    document("H57.32", "commune", "2023-05-17", 4, 1),
    document("H57.33", "commune", "2023-06-01", 8, 8),
]


def online_share(level: str, name: Doc, *examples: Example) -> Kpi:
    """Define the share of a level's papers that were handled online."""
    return Kpi(
        title=Doc(f"Tỷ lệ văn bản xử lý trên mạng, {name.vi}", f"Papers handled online, {name.en}"),
        question=Doc(
            f"Của văn bản đã xử lý ở {name.vi}, tỷ lệ xử lý trên môi trường mạng?",
            f"Of the papers handled at the level of the {name.en}, what share was handled online?",
        ),
        owner=OWNER,
        group="document",
        contract="document",
        measure_unit="share",
        numerator=ONLINE.where(level=level),
        denominator=HANDLED.where(level=level),
        dims=DIMS,
        role="unit",
        examples=examples,
    )
