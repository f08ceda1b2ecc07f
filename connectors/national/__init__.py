"""National messages: what the one-stop synchronises, to the national portal and back."""
