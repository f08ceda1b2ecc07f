"""Outlets: by what somebody is told of alerts, one folder each, with cases."""
