"""Stations: where salinity is measured, on which branch of the river, and what its uses bear."""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form


def _limit(use: str, vi: str, en: str) -> Column:
    """Make the column of what a use bears, in g/L; a row may leave it empty."""
    return Column(
        f"limit_{use}", vi, en, is_required=False, kind="decimal", may_be_empty=True
    )  # fmt: skip


# The sensor that stands at a station is in the list `devices`, by its serial number.
FORM = Form(
    title_vi="Trạm quan trắc",
    title_en="Stations",
    columns=(
        Column("code", "Mã trạm", "Code"),
        Column("name_vi", "Tên trạm", "Name", is_required=False),
        Column("branch", "Nhánh sông", "Branch", is_required=False, may_be_empty=True),
        Column(
            "chainage_km",
            "Cách cửa sông (km)",
            "Distance from the mouth (km)",
            is_required=False,
            kind="decimal",
            may_be_empty=True,
        ),
        Column("owner", "Đơn vị quản lý", "Owner", is_required=False, may_be_empty=True),
        _limit("drinking", "Ngưỡng nước sinh hoạt (g/L)", "Limit for drinking water (g/L)"),
        _limit("orchard", "Ngưỡng cây ăn trái (g/L)", "Limit for orchards (g/L)"),
        _limit("rice", "Ngưỡng lúa (g/L)", "Limit for rice (g/L)"),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    digest_place=3,
    is_open=True,
)
