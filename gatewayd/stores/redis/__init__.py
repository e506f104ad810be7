"""The store in Redis, shared by every gateway that knows it."""

from gatewayd.stores.redis.settings import SentinelSettings, Settings, TlsSettings
from gatewayd.stores.redis.store import Observer, RedisStore

__all__ = ["Observer", "RedisStore", "SentinelSettings", "Settings", "TlsSettings"]
