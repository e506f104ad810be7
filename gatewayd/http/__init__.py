"""Bytes to messages and back, on both sides of the gateway."""
