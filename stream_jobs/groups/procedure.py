"""Administrative procedures."""

from hub.definitions.contract import Doc
from hub.figures.group import Group

GROUP = Group(title=Doc("Thủ tục", "Procedures"), place=2)
