"""Limits of requests: kept in this process, or together with other gateways in a store that they share."""

from gatewayd.stores.limits.limiter import Limiter

__all__ = ["Limiter"]
