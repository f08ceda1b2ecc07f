"""The HTTP interface: events in, figures out, the live page, health and metrics.

A subject is a file with a `router`, and is found by being there. Whatever is refused is told as a
problem in Vietnamese and English; a parameter that would be ignored is refused, too.
"""
