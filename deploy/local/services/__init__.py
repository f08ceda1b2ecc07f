"""Kafka, PostgreSQL, a schema registry and an MQTT broker on loopback, for developers and tests.

Each is a part: it starts, answers, survives a crash and leaves nothing behind. Nothing of the hub
imports them. `python -m deploy.local.services --help` says how the command is called.
"""
