"""What is computed from events: one fact per contract, one KPI per file."""
