"""Tables as people send them: CSV, XLSX, and numbers, dates and money in Vietnamese writing.

Promises that a cell is read by the declared type of its field or refused with rule, place and
value; nothing is guessed.
"""
