"""Open data: what KPIs mark as open, as files that anybody may take, in numbered releases.

Promises that nothing is written that is not marked, that no count of fewer people than the setting
says can be read or worked out of what is written, now or beside earlier ones, and that where one
says otherwise than the one before, that is visible.
"""
