"""Rules of alerts, one a file; its name is the rule's id."""
