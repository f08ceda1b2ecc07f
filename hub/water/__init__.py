"""Water: salinity for who works a sluice: stations as they are, lines on a branch, intake windows.

Promises that nothing here is told from flagged values, that a line is an interval which a missing
station widens, and that a window's interval is of the hub's own errors on weeks it had not seen.
"""
