"""Apache Kafka as the log: records, topics, wire format, registry of schemas.

Promises the same as `hub.log`; any Kafka tool can read the topics.
"""
