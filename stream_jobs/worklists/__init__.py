"""Lists that people work with: one a file; its name is the list's id."""
