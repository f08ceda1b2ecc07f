"""What contracts of counts are barred from; see `hub.definitions.barred`."""

from typing import Annotated

from pydantic import StringConstraints

from hub.definitions.barred import Barred

# A unit's code that no number of a person or a telephone looks like: a letter begins it, or comes
# after three parts of digits at most.
LetteredCode = Annotated[
    str,
    StringConstraints(pattern=r"^([0-9]+\.){0,3}[A-Z][A-Z0-9]*(\.[A-Z0-9]+)*$", max_length=64),
]

# Three classes, by Luật Bảo vệ bí mật nhà nước: Mật, Tối mật, Tuyệt mật.
STATE_SECRET = Barred(
    rule="state_secret",
    vi=(
        "có dấu hiệu thuộc danh mục bí mật nhà nước nên không được nhận và không được lưu lại;"
        " chỉ gửi số liệu của văn bản không mật"
    ),
    en=(
        "it bears a mark of state secrets, so it is not taken and nothing of it is kept;"
        " send only figures of papers that are not secret"
    ),
    names=(
        *("độ mật", "mức độ mật", "cấp độ mật", "mức mật", "loại mật", "bí mật nhà nước"),
        *("secrecy", "secrecy level", "security class", "security level", "classification"),
        "confidentiality",
    ),
    words=("mật", "tối mật", "tuyệt mật", "secret", "top secret", "confidential"),
)
# What a paper is called, its number, and what it says.
PAPER_CONTENT = Barred(
    rule="paper_content",
    vi=(
        "có trích yếu, số ký hiệu hoặc nội dung văn bản nên không được nhận và không được lưu lại;"
        " chỉ gửi số lượng theo đơn vị và ngày"
    ),
    en=(
        "it has the title, number or content of a paper, so it is not taken and nothing of it is"
        " kept; send only counts by unit and day"
    ),
    names=(
        *("trích yếu", "trích yếu nội dung", "nội dung trích yếu", "nội dung", "nội dung văn bản"),
        *("tên văn bản", "tiêu đề", "số ký hiệu", "số và ký hiệu", "số ký hiệu văn bản"),
        *("số hiệu", "số hiệu văn bản", "người ký", "title", "subject", "content", "abstract"),
        *("document number", "signer", "nội dung phản ánh"),
    ),
)
# Who reported something, and in which words.
CITIZEN = Barred(
    rule="citizen_data",
    vi=(
        "có dữ liệu của công dân hoặc lời phản ánh nên không được nhận và không được lưu lại;"
        " chỉ gửi mã băm có khóa, kênh, lĩnh vực, đơn vị và thời điểm"
    ),
    en=(
        "it has data of a citizen, or what was reported, so it is not taken and nothing of it is"
        " kept; send only the keyed digest, channel, topic, unit and instants"
    ),
    names=(
        *("số điện thoại", "điện thoại", "sđt", "phone", "phone number", "họ tên", "họ và tên"),
        *("người phản ánh", "tên người phản ánh", "full name", "name", "địa chỉ", "address"),
        *("cccd", "cmnd", "số cccd", "căn cước", "email", "thư điện tử", "nội dung"),
        *("nội dung phản ánh", "content", "description", "tọa độ", "hình ảnh", "biển số xe"),
    ),
    shapes=(r"\(?(?:\+?84|0)\)?(?:[ .\-]?[0-9]){8,10}", r"[0-9]{12}", r"\S+@\S+\.\S+"),
)
