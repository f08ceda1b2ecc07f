"""Figures beside what was published: all that a page shows of one period.

The only room that knows the published figures; no room below it can look at them.
"""
