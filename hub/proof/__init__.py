"""Every figure proves itself: verify, explain, trial.

Promises that `verify` recomputes from the log by another path and names each cell that differs.
"""
