"""Slices of the log become facts, cells, ledger and position, in one transaction.

Promises that nothing is lost and nothing counts twice, in any order, at any batch size, after
any crash; nothing else ever writes a figure.
"""
