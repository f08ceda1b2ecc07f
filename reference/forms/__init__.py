"""One form per file; the file name is the list's, whose rows are in the CSV file of that name."""
