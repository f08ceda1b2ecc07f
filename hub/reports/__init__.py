"""Reports: the forms that the law wants, filled from facts, and editions of them that stay.

Promises that all numbers of a report are of one cut and of one pass over the facts, that what does
not add up is said in it, and that anybody can tell an edition from one that was changed.
"""
