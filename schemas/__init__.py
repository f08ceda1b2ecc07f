"""Event contracts as typed Python, and the Avro rendered from them."""
