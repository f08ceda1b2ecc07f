"""Salinity of the rivers, by station."""

from hub.definitions.contract import Doc
from hub.figures.group import Group

GROUP = Group(title=Doc("Độ mặn", "Salinity"), place=3)
