"""The page a person finds at the metrics port's root."""

from __future__ import annotations

from html import escape

from twisted.internet.interfaces import IReactorTime
from twisted.web.server import Request

from gatewayd.admin.page import HTML, Page, answer

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>gatewayd</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif }}
body {{ margin: 3rem auto; max-width: 40rem; padding: 0 1rem }}
</style>
<h1>gatewayd</h1>
<p>Version {version}, up {uptime}.</p>
<ul>
<li><a href="/metrics">/metrics</a>: for Prometheus, as text or OpenMetrics
<li><a href="/readyz">/readyz</a>: whether it should get traffic, and why not (also <a href="/-/ready">/-/ready</a>)
<li><a href="/livez">/livez</a>: whether it is alive (also <a href="/-/healthy">/-/healthy</a>)
</ul>
</html>
"""


class LandingPage(Page):
    """What this port is, with links."""

    def __init__(self, version: str, clock: IReactorTime) -> None:
        super().__init__()
        self._version = version
        self._clock = clock
        self._started = clock.seconds()

    def get(self, request: Request) -> bytes:
        """The page, with the time since the site was made."""
        request.setHeader(b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'")
        up = uptime(self._clock.seconds() - self._started)
        return answer(request, 200, HTML, _PAGE.format(version=escape(self._version), uptime=up).encode())


def uptime(seconds: float) -> str:
    """A duration for people, its two largest units: "3 d 4 h", "12 min 5 s", "8 s"."""
    left = int(seconds)
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or parts or unit == "s":
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
