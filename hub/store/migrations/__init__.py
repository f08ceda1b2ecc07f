"""Migrations of the store's tables, shared by both databases."""
