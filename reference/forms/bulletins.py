"""Bulletins: of which alerts the people of which commune are told, by which outlet and wording."""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Bản tin cho người dân theo xã",
    title_en="Bulletins for people, by commune",
    columns=(
        Column("rule", "Quy tắc cảnh báo", "Rule of alerts"),
        Column(
            "kind",
            "Khi",
            "When",
            choices={
                "phát cảnh báo": "raised",
                "leo thang": "escalated",
                "đính chính": "amended",
                "đã hết": "cleared",
            },
        ),
        Column(
            "subject", "Mã đối tượng (trạm), để trống là tất cả", "Subject (station), empty: all",
            may_be_empty=True,
        ),
        Column("area", "Mã xã nhận tin", "Commune that is told"),
        Column("outlet", "Kênh", "Outlet"),
        Column("wording", "Mẫu tin", "Wording"),
        Column("quiet_from", "Giờ yên lặng từ", "Quiet from", may_be_empty=True),
        Column("quiet_until", "Giờ yên lặng đến", "Quiet until", may_be_empty=True),
        Column(
            "passes",
            "Vẫn báo trong giờ yên lặng từ mức",
            "Told in quiet hours from level",
            may_be_empty=True,
            choices={"thông tin": "notice", "cảnh báo": "warning", "nghiêm trọng": "critical"},
        ),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
    key=("rule", "kind", "subject", "area", "outlet"),
    hours=("quiet_from", "quiet_until"),
)  # fmt: skip
