"""Effective-dated reference data of the province, as CSV. What is synthetic says so."""
