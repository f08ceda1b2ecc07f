"""Files that loggers of stations write, as their own programs export them."""
