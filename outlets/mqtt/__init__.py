"""MQTT: a message on a topic, for sirens, signs and other systems."""
