"""Template messages of an official account, as Zalo notification service (ZNS) takes them."""
