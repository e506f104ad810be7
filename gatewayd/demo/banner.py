"""What somebody sees who starts the demo."""

from __future__ import annotations

_TEXT = """\

  gatewayd demo: a gateway in front of 19 services

    gateway   {gateway}
    metrics   {metrics}/metrics
    switches  {panel}    ok | slow | failing | hung | closed

  Try, from another terminal:

    curl -i {gateway}/api/v1/tickets/42
    curl -N {gateway}/api/v1/notifications/stream
    curl -X PUT {panel}/payment/failing && curl -i {gateway}/api/v1/payments/7

  Ctrl-C stops.
"""


def _url(place: str) -> str:
    """`place` as a URL without a final slash, whether it was one or host:port."""
    return (place if "://" in place else f"http://{place}").rstrip("/")


def banner(gateway: str, metrics: str, panel: str) -> str:
    """Where everything listens, and three commands that work as pasted."""
    return _TEXT.format(gateway=_url(gateway), metrics=_url(metrics), panel=_url(panel))
