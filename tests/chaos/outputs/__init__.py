"""Outputs of a chaos run: a module for each folder in which the hub lays something for others."""
