"""Slips made on purpose in every KPI, measure, fold and report: something must notice each.

`slips` makes them from the sources of `stream_jobs`, by rules and not by lists; `worlds` puts
together anew what a slip touches; `witnesses` say who notices. `make mutants` runs all of it.
"""
