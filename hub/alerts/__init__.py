"""Alerts: what somebody is to be told, worked out of the log and the clock.

A rule reads a series and gives episodes; what is new about them becomes events of the alert topic.
"""
