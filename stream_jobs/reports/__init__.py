"""One report per file: a form that the law wants, with its columns in words."""
