"""Meanings: what each setting is for, in both languages, with an example; the page of settings.

Names, defaults and limits are those of `hub/settings.py`; where a setting is used is read from the
sources.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from hub.settings import Settings

PREFIX = "HUB_"
PAGE = "docs/settings.md"
SOURCES = ("hub", "stream_jobs", "connectors")
USED_MAX = 4  # files that are named; of more, how many there are


class Meaning(NamedTuple):
    """What a setting is for, and a value that it may have."""

    vi: str
    en: str
    example: str


MEANINGS: Mapping[str, Meaning] = {
    "data_dir": Meaning(
        "Thư mục của nhật ký và kho nhúng, và của khóa ký",
        "The folder of the embedded log and store, and of keys",
        "/var/lib/hub",
    ),
    "database_url": Meaning(
        "Kho; mặc định là một tệp SQLite trong thư mục dữ liệu. Có Kafka thì phải là PostgreSQL",
        "The store; by default a SQLite file in the data folder. With Kafka it is PostgreSQL",
        "postgresql+psycopg://hub@db.tinh.gov.vn/lgsp",
    ),
    "kafka_bootstrap": Meaning(
        "host:port,… của Apache Kafka, khi đó là nhật ký; không có thì nhật ký nhúng",
        "host:port,… of Apache Kafka, which then is the log; without it the log is embedded",
        "kafka-0.tinh.gov.vn:9093,kafka-1.tinh.gov.vn:9093",
    ),
    "kafka_ca": Meaning(
        "PEM của nơi ký chứng thư các máy chủ Kafka; có nó thì chỉ nói chuyện qua TLS",
        "PEM of who signs the brokers' certificates; with it Kafka is spoken to by TLS alone",
        "/etc/hub/kafka-ca.pem",
    ),
    "kafka_certificate": Meaning(
        "PEM chứng thư của tiến trình này với Kafka (TLS hai chiều), cùng HUB_KAFKA_KEY",
        "PEM by which this process shows itself to Kafka (mutual TLS), with HUB_KAFKA_KEY",
        "/etc/hub/kafka.pem",
    ),
    "kafka_key": Meaning(
        "PEM khóa riêng của chứng thư đó; tệp đổi thì được đọc lại",
        "PEM of that certificate's private key; a file that changed is read anew",
        "/etc/hub/kafka-key.pem",
    ),
    "kafka_user": Meaning(
        "Tên người dùng Kafka (SCRAM-SHA-512), cùng HUB_KAFKA_PASSWORD_FILE",
        "The Kafka user (SCRAM-SHA-512), with HUB_KAFKA_PASSWORD_FILE",
        "gateway",
    ),
    "kafka_password_file": Meaning(
        "Tệp chứa mật khẩu của người dùng đó; tệp đổi thì được đọc lại",
        "A file with that user's password; where it changed it is read anew",
        "/etc/hub/kafka-password",
    ),
    "signing_dir": Meaning(
        "Thư mục khóa ký biên nhận, chung cho mọi cổng; mặc định trong thư mục dữ liệu",
        "The folder of the keys that sign receipts, the same for all gateways; by default in the"
        " data folder, where one is made",
        "/etc/hub/signing",
    ),
    "columns_dir": Meaning(
        "Thư mục cột để trả lời câu hỏi, mỗi cổng một thư mục; xóa lúc nào cũng được",
        "The folder of the columns that questions are answered from, one for each gateway; what is"
        " in it may be deleted at any time",
        "/var/cache/hub/columns",
    ),
    "spool_dir": Meaning(
        "Thư mục trên đĩa bền để giữ những gì được gửi khi Kafka hay PostgreSQL vắng; không có thì"
        " trả lời 503",
        "A folder on a disk that outlives the process, where a gateway keeps what is sent while"
        " Kafka or PostgreSQL is away; without it that is refused with 503",
        "/var/lib/hub/spool",
    ),
    "keys_seconds_max": Meaning(
        "Có spool: khi PostgreSQL vắng, khóa đã được tìm thấy còn được nhận trong bấy nhiêu giây",
        "With a spool: a key that was found is taken for so many seconds while PostgreSQL, which"
        " knows its end, is away",
        "900",
    ),
    "archive_dir": Meaning(
        "Thư mục lưu trữ, nơi `hub archive` giữ những gì nhật ký được quên",
        "The folder of the archive, where `hub archive` keeps what the log may forget",
        "/srv/archive",
    ),
    "reference_dir": Meaning(
        "Thư mục danh mục của tỉnh, nạp lúc khởi động nếu mới",
        "A folder with the province's lists, loaded at the start where they are new",
        "/etc/hub/danh-muc",
    ),
    "reports_dir": Meaning(
        "Thư mục đặt các báo cáo theo lịch; mặc định trong thư mục dữ liệu",
        "The folder in which scheduled reports are laid; by default in the data folder",
        "/srv/reports",
    ),
    "warehouse_dir": Meaning(
        "Thư mục các bảng Iceberg của kho dùng chung; ai đọc được thư mục là đọc được mọi số liệu"
        " trong đó; mặc định trong thư mục dữ liệu",
        "The folder of the shared warehouse's Iceberg tables; who can read it reads all of them;"
        " by default in the data folder",
        "/srv/warehouse",
    ),
    "warehouse_days": Meaning(
        "Số ngày giữ các bản chụp cũ của kho; bản của kỳ đã chốt giữ mãi",
        "How many days old snapshots of the warehouse are kept; those of closed periods stay",
        "90",
    ),
    "subscribers_file": Meaning(
        "Tệp CSV những người nhận bản tin theo xã; chỉ nằm ở cổng, không vào nhật ký",
        "A CSV file of who is told bulletins, by commune; it stays at the gateway, in no log",
        "/etc/hub/nguoi-nhan.csv",
    ),
    "open_dir": Meaning(
        "Thư mục các bản phát hành dữ liệu mở, chung cho mọi cổng; mặc định trong thư mục dữ liệu",
        "The folder of releases of open data, the same for all gateways; by default in the data"
        " folder",
        "/srv/open",
    ),
    "open_count_min": Meaning(
        "Số đếm về việc của người dân nhỏ hơn mức này thì không công bố",
        "A count of people's affairs below it is withheld from open data",
        "10",
    ),
    "open_publisher": Meaning(
        "Cơ quan công bố dữ liệu mở",
        "Who publishes open data",
        "Ủy ban nhân dân tỉnh Vĩnh Long",
    ),
    "open_licence": Meaning(
        "Địa chỉ của giấy phép dữ liệu mở",
        "The address of open data's licence",
        "https://creativecommons.org/licenses/by/4.0/",
    ),
    "open_contact": Meaning(
        "Thư điện tử để hỏi về dữ liệu mở; để trống thì không nêu",
        "The e-mail address for questions about open data; none is named without it",
        "dulieumo@tinh.gov.vn",
    ),
    "session_seconds": Meaning(
        "Worker im lặng lâu hơn thế (giây) thì mất các phân vùng của nó; lần sau được im lặng"
        " gấp đôi, nhiều nhất 45 giây",
        "A worker that is silent for so many seconds loses its partitions; the next time it may be"
        " silent for twice as long, at most for 45",
        "10",
    ),
    "stall_seconds": Meaning(
        "Có việc mà vị trí không nhúc nhích lâu hơn thế (giây) thì cần khởi động lại: /healthz 503",
        "A worker whose positions do not move for so many seconds, though there is something to"
        " apply, is to be restarted: /healthz says 503",
        "120",
    ),
    "schema_registry_url": Meaning(
        "Schema registry (giao thức Confluent) cấp số hiệu lược đồ; không có thì theo ids.json",
        "A Confluent-compatible registry that gives schema ids; without it ids.json does",
        "http://registry.tinh.gov.vn:8081",
    ),
    "listen": Meaning(
        "host:port mà máy chủ nghe; ngoài loopback thì đọc gì cũng cần khóa hoặc đăng nhập",
        "host:port of the HTTP server; beyond loopback every read needs a key or a sign-in",
        "[::]:8443",
    ),
    "access_log": Meaning(
        "Tệp, hoặc - là đầu ra chuẩn, nhận mỗi yêu cầu một dòng JSON; không có thì không ghi",
        "A file, or - for standard output, to which each request is a JSON line",
        "/var/log/hub/access.jsonl",
    ),
    "public_url": Meaning(
        "Địa chỉ mà người ngoài tới qua proxy trên máy này; có nó thì loopback cũng cần khóa",
        "The address by which others reach the server through a proxy on this machine; with it"
        " nothing that needs a key elsewhere is open on loopback",
        "https://lgsp.tinh.gov.vn",
    ),
    "proxied": Meaning(
        "Có một proxy trên máy này mà không tự xưng; hệ quả như HUB_PUBLIC_URL",
        "There is a proxy on this machine that says nothing of itself; the same follows",
        "1",
    ),
    "oidc_issuer": Meaning(
        "Hệ thống đăng nhập của tỉnh (OpenID Connect), cùng HUB_OIDC_CLIENT_ID và …_SECRET_FILE",
        "The OpenID provider by which people sign in, with HUB_OIDC_CLIENT_ID and …_SECRET_FILE",
        "https://sso.tinh.gov.vn",
    ),
    "oidc_client_id": Meaning(
        "Tên của trục tại hệ thống đăng nhập",
        "Who the hub is to that provider",
        "lgsp-hub",
    ),
    "oidc_client_secret_file": Meaning(
        "Tệp chứa bí mật của trục tại hệ thống đăng nhập",
        "A file with the hub's secret at that provider",
        "/etc/hub/oidc-secret",
    ),
    "oidc_ca": Meaning(
        "PEM của nơi ký chứng thư hệ thống đăng nhập, nếu máy chưa tin",
        "PEM of who signs the provider's certificate, where the system does not know that",
        "/etc/hub/sso-ca.pem",
    ),
    "oidc_claim": Meaning(
        "Claim mà danh mục people dựa vào; có dấu chấm khi nằm trong claim khác",
        "Which claim the list `people` goes by, with dots where it is within another",
        "realm_access.roles",
    ),
    "oidc_session_minutes": Meaning(
        "Một lần đăng nhập kéo dài bao nhiêu phút",
        "For how many minutes a sign-in lasts",
        "480",
    ),
    "tls_certificate": Meaning(
        "PEM chứng thư của máy chủ; cùng HUB_TLS_KEY thì nói HTTPS",
        "PEM of the server's certificate; with HUB_TLS_KEY it speaks HTTPS",
        "/etc/hub/tls.pem",
    ),
    "tls_key": Meaning(
        "PEM khóa riêng của chứng thư đó",
        "PEM of that certificate's private key",
        "/etc/hub/tls-key.pem",
    ),
    "tls_client_ca": Meaning(
        "PEM của nơi ký chứng thư bên gửi; khóa gửi có thể gắn với một chứng thư",
        "PEM of the CA of certificates that clients may show, to which keys may be bound",
        "/etc/hub/senders-ca.pem",
    ),
    "traces_url": Meaning(
        "Bộ thu OpenTelemetry (OTLP qua HTTP) nhận vết từ yêu cầu tới số liệu; không có thì tắt",
        "The OpenTelemetry collector (OTLP over HTTP) that is sent traces, from a request to the"
        " figure; without it there are none",
        "http://127.0.0.1:4318",
    ),
    "traces_share": Meaning(
        "Phần các yêu cầu được theo vết, khi bên gửi chưa tự theo",
        "The share of requests that is traced, where the sender does not trace its own",
        "0.01",
    ),
    "body_mib_max": Meaning(
        "Nội dung yêu cầu lớn nhất, MiB",
        "The largest request body, in MiB",
        "16",
    ),
    "body_seconds_max": Meaning(
        "Nội dung yêu cầu được đến trong bao nhiêu giây",
        "How many seconds a request's body may take to come",
        "60",
    ),
    "requests_per_second_max": Meaning(
        "Số yêu cầu một giây của một khóa; hơn thì phải chờ, rồi bị hẹn gửi lại",
        "Requests a second per key; more wait for their turn, and then are to come again",
        "100",
    ),
    "backlog_events_max": Meaning(
        "Còn nhiều sự kiện chưa tính hơn thế thì lô lớn được hẹn gửi lại",
        "While more events than this are still to be applied, large submissions are to come again",
        "20000",
    ),
    "four_eyes": Meaning(
        "Ai sửa bản ghi bị từ chối thì không được tự gửi lại",
        "Who corrected a rejected item may not send it again",
        "1",
    ),
    "originals_days": Meaning(
        "Bản gốc được giữ bao nhiêu ngày sau khi bản ghi được gửi lại hoặc bỏ, rồi xóa hẳn",
        "What was sent is kept for so many days after its item was sent again or discarded, then"
        " erased",
        "30",
    ),
    "exchanges_days": Meaning(
        "Sổ trao đổi giữ từng bước bao nhiêu ngày sau khi có kết quả; sau đó chỉ còn thông điệp mới"
        " nhất về mỗi hồ sơ",
        "For so many days after it was settled the exchange ledger keeps each act; then only the"
        " latest message about a thing",
        "1825",
    ),
    "breaker_share_max": Meaning(
        "Phần bản ghi sai trong các bản ghi gần nhất mà quá thì dừng đầu nối",
        "A connector of whose latest records more than this share is wrong is stopped",
        "0.01",
    ),
    "breaker_in_a_row_max": Meaning(
        "Số bản ghi sai liên tiếp thì dừng đầu nối hoặc bên gửi",
        "A connector or sender of whom so many records in a row are wrong is stopped",
        "1000",
    ),
    "breaker_seconds": Meaning(
        "Dừng bao nhiêu giây thì thử lại",
        "What was stopped is tried again after so many seconds",
        "60",
    ),
}


def reference(root: Path, others: Mapping[str, type[BaseSettings]]) -> str:
    """Write the page of settings as Markdown, from the sources below a folder.

    `others` are the settings of connectors and outlets by the middle of their names.
    """
    lines = [
        "# Cấu hình | Settings",
        "",
        "Mỗi giá trị sai dừng việc khởi động và được nêu tên; tên viết gần giống cũng vậy. Bí mật"
        " để trong tệp, tệp đổi thì được đọc lại.",
        "",
        "Rendered from `hub/settings.py` and `hub/operating/meanings.py` by `hub render`. A wrong"
        " value stops the start and is named; so",
        "is a name that is spelt nearly as one of these. Secrets are given as files, which are read"
        " anew where they changed.",
        "",
        "| Biến, variable | Mặc định, default | Nghĩa là gì | What it means | Ví dụ, example"
        " | Dùng ở, used in |",
        "|---|---|---|---|---|---|",
    ]
    texts = sources_below(root)
    for name, info in Settings.model_fields.items():
        said = MEANINGS[name]
        cells = (
            f"`{PREFIX}{name.upper()}`",
            _default(info),
            f"{said.vi}{_limits(info, 'từ', 'đến')}",
            f"{said.en}{_limits(info, 'from', 'to')}",
            f"`{said.example}`",
            _used(name, texts),
        )
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "## Đầu nối và kênh báo | Connectors and outlets",
        "",
        "Each reads its own, which its class explains.",
        "",
        "| Biến, variable | Mặc định, default | Lớp, class |",
        "|---|---|---|",
    ]
    for middle, of in others.items():
        for name, info in of.model_fields.items():
            path = f"{of.__module__.replace('.', '/')}.py"
            variable = f"{PREFIX}{middle}_{name}".upper()
            lines.append(f"| `{variable}` | {_default(info)} | `{path}` |")
    return "\n".join(lines) + "\n"


def _default(info: FieldInfo) -> str:
    if info.default is PydanticUndefined:
        return "phải nêu, required"
    value: Any = info.default
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    return "" if value in ("", None) else f"`{value}`"


def _limits(info: FieldInfo, least: str, most: str) -> str:
    """Write between which values it may be; what must be more than a limit says so by `>`."""
    words = []
    for limit in info.metadata:
        for attribute, word in (("gt", ">"), ("ge", least), ("le", most)):
            if (value := getattr(limit, attribute, None)) is not None:
                words.append(f"{word} {value}")
    return f" ({' '.join(words)})" if words else ""


def sources_below(root: Path) -> dict[str, str]:
    """Read the sources that may use settings, by path."""
    return {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for package in SOURCES
        for path in sorted((root / package).rglob("*.py"))
    }


def used_in(name: str, texts: Mapping[str, str]) -> list[str]:
    """Name the files that read a setting: from the settings, or as a property makes it of them."""
    asked = re.compile(rf"\b(?:settings|limits)\.{name}\b")
    found = [path for path, text in texts.items() if asked.search(text)]
    if not found and re.search(rf"\bself\.{name}\b", texts["hub/settings.py"]):
        found = ["hub/settings.py"]
    return found


def _used(name: str, texts: Mapping[str, str]) -> str:
    found = used_in(name, texts)
    shown = [f"`{path}`" for path in found[:USED_MAX]]
    return ", ".join([*shown, f"… ({len(found)})"] if len(found) > USED_MAX else shown)
