"""Papers in the systems of documents, by level of government."""

from hub.definitions.contract import Doc
from hub.figures.group import Group

GROUP = Group(title=Doc("Văn bản", "Papers"), place=5)
