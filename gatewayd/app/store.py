"""The store that several gateways share, from the section `redis`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gatewayd.config.models.redis import Redis
from gatewayd.stores.redis import RedisStore, SentinelSettings, Settings, TlsSettings
from gatewayd.telemetry.metrics import Metrics


def build_store(config: Redis | None, metrics: Metrics, reactor: Any, random: Callable[[], float]) -> RedisStore | None:
    """The store, not yet started; None where each gateway keeps to itself."""
    if config is None:
        return None
    counts = metrics.redis
    counts.healthy = 0  # until it was reached
    sentinel, tls = config.sentinel, config.tls

    def changed(up: bool, _: str) -> None:
        counts.healthy = int(up)

    store = RedisStore(
        Settings(
            address=config.address,
            sentinel=None
            if sentinel is None
            else SentinelSettings(sentinel.master, sentinel.addresses, _secret(sentinel.password)),
            username=config.username,
            password=_secret(config.password),
            database=config.database,
            prefix=config.prefix.encode("ascii"),
            tls=None if tls is None else TlsSettings(tls.ca_file or "", tls.server_name or ""),
            connections=config.connections,
            timeout=config.timeout,
            waiters=config.waiters,
            connect_timeout=config.connect_timeout,
        ),
        reactor,
        random,
        counts,
        changed,
    )
    counts.connections = lambda: (store.connected, store.wanted)
    return store


def _secret(secret: Any) -> str | None:
    """The text of a secret, if there is one."""
    return None if secret is None else secret.get_secret_value()
