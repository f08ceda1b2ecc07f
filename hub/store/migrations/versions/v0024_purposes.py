"""Of who reads by a key or a login: for what purpose, on what legal basis, and who answers for it.

What was made before says nothing of it, and is listed as such until somebody does.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big

revision = "0024"
down_revision = "0022"


def upgrade() -> None:
    """Add the columns; of a key also when the certificate ends that its client must show."""
    for table in ("api_key", "sql_role"):
        for name in ("owner", "purpose", "legal_basis"):
            op.add_column(table, sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("api_key", sa.Column("certificate_until", Big))
