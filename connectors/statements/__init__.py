"""Statements of banks and wallets (sao kê): their source and connector."""
