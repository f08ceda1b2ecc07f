"""Payments for public services, by method."""

from hub.definitions.contract import Doc
from hub.figures.group import Group

GROUP = Group(title=Doc("Thanh toán", "Payments"), place=4)
