"""Bulletins: what the people of a commune are told of an alert, by a wording that was approved.

Who is told is in a file of the gateway, and in no log: telephone numbers of people stay there.
"""
