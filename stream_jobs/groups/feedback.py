"""What citizens report, by app, hotline 1022 and portal."""

from hub.definitions.contract import Doc
from hub.figures.group import Group

GROUP = Group(title=Doc("Phản ánh, kiến nghị", "Field feedback"), place=6)
