"""Shared warehouse: facts, sums, figures and editions as Apache Iceberg tables for other engines.

Promises that each commit names the cut of the log that it holds, that it is whole or not there, and
that what was laid down reads back as it stands in the store.
"""
