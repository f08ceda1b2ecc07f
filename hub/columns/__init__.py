"""Columns: the columns of facts that questions read, in memory and in files beside the database.

They are made of the database's facts and hold nothing else, so that they may be lost at any time.
"""
