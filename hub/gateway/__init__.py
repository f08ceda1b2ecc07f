"""From bytes to a durable receipt: what is sent is judged, appended and signed for.

Promises that an answer comes only when all accepted and rejected items are durable.
"""
