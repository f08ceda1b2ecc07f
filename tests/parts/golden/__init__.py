"""The golden pack: three years of dossiers, and what the rules make of them, read in plain Python.

Nothing here knows the hub: no room, job or schema is imported. `made` makes events as senders post
them, `plain` folds them code by code, `codes` joins codes that are one dossier, `terms` counts
working time on a calendar, `places` reads what units became, `counting` answers figures, reports
and lists. The words are those of `domain.md`, of the KPI files and of docs/decisions. Where hub and
pack differ, one is wrong.
"""
