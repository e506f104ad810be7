"""A demo platform: nineteen real HTTP services on loopback, each with switches that make it misbehave."""

from gatewayd.demo.platform import Platform

__all__ = ["Platform"]
