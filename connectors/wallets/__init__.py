"""Callbacks of payment gateways and wallets: their source and connector."""
