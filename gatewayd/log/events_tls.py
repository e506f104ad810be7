"""The part of the vocabulary that is about TLS: rows of `gatewayd.log.events`."""

from __future__ import annotations

from gatewayd.log.event import Event

HANDSHAKE_FAILED = Event(
    "tls.handshake_failed", "debug", "{listener}: {client}: the TLS handshake failed: {why}",
    "Anybody can cause these: `connections_rejected_total` counts them.", key=("listener",),
)  # fmt: skip
SERVICE_NOT_MET = Event(
    "tls.service_failed", "warn", "{service}: TLS with {target} failed: {why}",
    "A certificate is not accepted on one side, or they share no version.", key=("service", "target", "why"),
)  # fmt: skip
CERTIFICATES_CHANGED = Event(
    "tls.certificates_changed", "info", "{whose}: new certificates are in use for new connections",
    "Files of certificates changed, and are good.", key=("whose",),
)  # fmt: skip
CERTIFICATES_BAD = Event(
    "tls.certificates_bad", "error", "{whose}: the last good certificates stay in use: {why}",
    "Files of certificates cannot be used: put them right before the old ones expire.", key=("whose",),
)  # fmt: skip
CERTIFICATES_GOOD = Event(
    "tls.certificates_good", "info", "{whose}: its files are good again", "Those of certificates.", key=("whose",),
)  # fmt: skip
