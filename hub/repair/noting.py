"""Noting: what was done to rejected items is kept, act by act; of two at once one is kept."""

from collections.abc import Iterable

import sqlalchemy as sa

from hub.definitions.masking import mask_text
from hub.repair.items import Act, Item
from hub.store.store import Store
from hub.store.tables import repair


class MeanwhileError(Exception):
    """Somebody else has just been at an item; nothing was kept."""


def note(store: Store, acts: Iterable[tuple[Item, Act, str | None]]) -> None:
    """Keep acts upon items, each with its sealed content, all or none. Raises `MeanwhileError`."""
    rows = [
        {
            "event_id": item.event_id,
            "number": len(item.acts),
            "action": act.action,
            "actor": act.by,
            "at": act.at,
            "content": sealed,
            "receipt": act.receipt,
            "reason": mask_text(act.reason),
        }
        for item, act, sealed in acts
    ]
    if not rows:
        return
    try:
        with store.administering() as c:
            c.execute(repair.insert(), rows)
    except sa.exc.IntegrityError:
        raise MeanwhileError from None
