"""Phí, lệ phí hồ sơ: their source and connector."""
