"""SMS, by way of a gateway over HTTP."""
