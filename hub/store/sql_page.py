"""The page of SQL views: what there is to read, how one gets in, and questions to begin with.

It is rendered from what makes the views, so that neither says what the other does not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.definitions.contract import Doc
from hub.store.sql_views import NAME, VERSION, View

PATH = "docs/sql.md"


@dataclass(frozen=True)
class Example:
    """A question to begin with: what it answers, and its SQL."""

    doc: Doc
    sql: str


EXAMPLES = (
    Example(
        Doc("Số liệu đã công bố của năm", "Published figures of the years"),
        "SELECT kpi, period, value, numerator, denominator, status\n"
        "FROM figure WHERE length(period) = 4 ORDER BY kpi, period",
    ),
    Example(
        Doc("Tỷ lệ đúng hạn theo đơn vị và tháng", "Share on time by unit and month"),
        "SELECT resolved_by, to_char(day, 'YYYY-MM') AS month,\n"
        "       sum(value) AS on_time, sum(count) AS resolved,\n"
        "       round(sum(value)::numeric / sum(count), 6) AS share\n"
        "FROM daily WHERE measure = 'dossier.resolved' AND split_by = 'resolved_by'\n"
        "GROUP BY 1, 2 ORDER BY 1, 2",
    ),
    Example(
        Doc("Hồ sơ mới theo kênh, từng ngày", "New dossiers by channel, day by day"),
        "SELECT day, channel, sum(count) AS received\n"
        "FROM daily WHERE measure = 'dossier.received' AND split_by = 'channel+service_level'\n"
        "GROUP BY 1, 2 ORDER BY 1, 2",
    ),
    Example(
        Doc("Hồ sơ đang quá hạn của đơn vị mình", "Overdue dossiers of one's own units"),
        "SELECT d.code, coalesce(d.resolved_by, d.received_by) AS unit, u.name_vi,\n"
        "       d.procedure_code, d.due_at, now() - d.overdue_at AS overdue_for\n"
        "FROM dossier d LEFT JOIN units u ON u.code = coalesce(d.resolved_by, d.received_by)\n"
        " AND u.valid_from <= current_date AND (u.valid_to IS NULL OR u.valid_to > current_date)\n"
        "WHERE d.overdue_at < now() AND d.ended_at IS NULL ORDER BY d.overdue_at",
    ),
    Example(
        Doc("Số liệu chính thức đã chốt", "Official figures of closed periods"),
        "SELECT period, kpi, value, closed_at FROM official_figure ORDER BY period, kpi",
    ),
)
_HEAD = f"""# Khung nhìn SQL | SQL views

Trang này do `hub render` in ra từ định nghĩa của các khung nhìn. | Rendered by `hub render` from
what makes the views.

Với PostgreSQL, các công cụ phân tích (Grafana, Metabase, Power BI, psql) đọc các khung nhìn trong
lược đồ `{NAME}`, và chỉ các khung nhìn đó. | With PostgreSQL, tools for analysts read the views
of the schema `{NAME}`, and these alone.

```sh
# Mật khẩu ở dòng cuối | The password is on the last line
hub sql create bi_so_tu_phap --units H57.1
psql 'host=… dbname=… user=bi_so_tu_phap' -c 'SELECT * FROM own_unit'
hub sql list
hub sql revoke bi_so_tu_phap
```

- **Ai thấy gì | Who sees what.** Hồ sơ, phí, thanh toán: chỉ của đơn vị được cấp và các đơn vị
  bên dưới hiện nay; số liệu, số đếm theo ngày, danh mục, kỳ chốt: mọi vai trò. Không có bút danh,
  số biên lai, số giao dịch, người gửi. | Dossiers, fees and payments are shown of the role's
  units and what is below them today, single readings with `--all` alone; figures, sums of days,
  lists and closings to every role. Nothing tells of pseudonyms, numbers of receipts and
  transactions, or senders.
- **Ổn định | Stable.** Trong phiên bản {VERSION} chỉ thêm, không đổi tên, không bỏ; thay đổi khác
  thành `ioc_v{VERSION + 1}`, chạy song song. | In version {VERSION} views and columns are added,
  none is renamed or taken away; another change comes as `ioc_v{VERSION + 1}`, beside it.
- **Cộng thế nào | What adds up.** `daily` đếm theo mã đơn vị như đã gửi, mỗi cách chia
  (`split_by`) chứa đủ tất cả. API còn gộp các mã của cùng một hồ sơ, và đơn vị bên dưới vào đơn
  vị trên. | `daily` counts by the unit's code as it was sent, and each split holds everything.
  Over that the API counts several codes of one dossier once, and puts what is below a unit into
  it.
- **Giới hạn | Limits.** Chỉ đọc; 10 kết nối, 60 giây mỗi câu hỏi; giờ Việt Nam. Câu hỏi không vào
  nhật ký kiểm toán của trục: bật `log_statement` của PostgreSQL nếu cần. | Reading alone; 10
  connections, 60 seconds a question; Vietnamese time. Questions are not in the hub's audit log:
  PostgreSQL's own `log_statement` keeps them.
- **Bảng Grafana | Grafana dashboards.** Các bảng ở `deploy/grafana` được kiểm bằng lược đồ và bằng
  cách chạy từng câu hỏi, chưa mở trong Grafana thật: nó không có trong gói Debian, PyPI, npm hay
  Maven, và mã nguồn theo AGPL. | The dashboards in `deploy/grafana` are checked by their schema and
  by running each of their queries, and were not opened in a real Grafana: neither Debian nor PyPI,
  npm or Maven has the server as a package, and its source is under the AGPL.
"""


def page(views: Sequence[View]) -> str:
    """Write the page: how to get in, questions to begin with, then each view and its columns."""
    parts = [_HEAD, "\n## Câu hỏi mẫu | Questions to begin with\n"]
    for example in EXAMPLES:
        parts.append(f"\n{_both(example.doc)}:\n\n```sql\n{example.sql};\n```\n")
    parts.append("\n## Khung nhìn | Views\n")
    for view in views:
        parts.extend(_described(view))
    return "".join(parts)


def _described(view: View) -> Iterator[str]:
    limited = " *(theo đơn vị | by unit)*" if view.is_limited else ""
    yield f"\n### `{view.name}`\n\n{_both(view.doc)}{limited}\n\n"
    yield "| Cột · Column | Kiểu · Type | Là · Is |\n|---|---|---|\n"
    for column in view.columns:
        yield f"| `{column.name}` | {column.type.rpartition('::')[2]} | {_both(column.doc)} |\n"


def _both(doc: Doc) -> str:
    # A bar would end the table's cell.
    return f"{doc.vi} · {doc.en}"
