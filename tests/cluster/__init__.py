"""A Kubernetes of its own on loopback, to which the project's manifests are given."""
