"""What applies a log in Kafka: whole batches by Faust, and the publisher of figures.

Promises that a worker applies, quarantines or stops, and never skips a record.
"""
