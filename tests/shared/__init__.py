"""Whole gateways that share a Redis, on good days and on bad ones."""
