"""Of records that stand in a topic the quarantine copies no bytes any more (decision 0023)."""

import base64
import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Write the digest of such a record in the place of its bytes.

    Its name is where it stands: topic, partition, offset. All others stay as the log has them.
    """
    c = op.get_bind()
    rows = c.execute(
        sa.text("SELECT event_id, original FROM quarantine WHERE event_id LIKE 'lgsp.%/%/%'")
    ).fetchall()
    for name, original in rows:
        raw = base64.b64decode(original)
        digest = hashlib.blake2b(raw, digest_size=16).hexdigest()
        c.execute(
            sa.text("UPDATE quarantine SET original = :o WHERE event_id = :n"),
            {"o": f"log1:{digest}:{len(raw)}", "n": name},
        )
