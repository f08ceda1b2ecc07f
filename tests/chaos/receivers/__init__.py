"""Receivers of a chaos run, one for each outlet: a module is taken by the outlet of its name."""
