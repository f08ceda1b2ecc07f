"""Rejected items and what became of a receipt: list, correct, send again, follow.

Promises that original bytes are kept, and that a corrected item is judged like any other.
"""
