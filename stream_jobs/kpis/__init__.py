"""One KPI per file; the file name is the KPI id."""
