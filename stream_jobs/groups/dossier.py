"""The dossiers of the one-stop system."""

from hub.definitions.contract import Doc
from hub.figures.group import Group

GROUP = Group(title=Doc("Hồ sơ một cửa", "One-stop dossiers"), place=1)
