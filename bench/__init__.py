"""Benchmarks: rates and ratios, each measured side by side with something known."""
