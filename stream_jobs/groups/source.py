"""The quality of the sources; it has a page of its own, `/sources`."""

from hub.definitions.contract import Doc
from hub.figures.group import Group

GROUP = Group(title=Doc("Nguồn dữ liệu", "Data sources"), place=None)
