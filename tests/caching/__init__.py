"""Gateways that share what they keep: two real daemons, one real Redis."""
