"""The shared warehouse beside a store in PostgreSQL."""
