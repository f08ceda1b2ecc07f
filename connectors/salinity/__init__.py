"""Salinity stations (trạm quan trắc độ mặn)."""
