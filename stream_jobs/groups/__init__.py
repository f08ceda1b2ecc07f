"""One group of KPIs per file; the file name is the group. Beside it, its part of the page."""
