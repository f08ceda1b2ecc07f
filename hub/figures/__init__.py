"""From cells to answers: terms, KPIs, figures of a period, closed periods, the past.

Promises that a figure is computed from one cut, exactly, with shares last; it never knows what
was published.
"""
