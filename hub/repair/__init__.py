"""Rejected items and what became of a receipt: list, correct, send again, follow, erase.

It lists what is held, too. Promises that original bytes are kept until nobody needs them, and that
a corrected item is judged like any other.
"""
