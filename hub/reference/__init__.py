"""Calendar periods and the lists that figures are read against: units, procedures, stations.

Promises that a period is the calendar one in Asia/Ho_Chi_Minh, half-open, and that the same
lists have the same digest.
"""
