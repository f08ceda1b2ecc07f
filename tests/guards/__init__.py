"""Each guard of the promise, taken away, must make a run with faults fail."""
