"""The one way the gateway makes HTTP calls of its own: to few places, for little time, and believing little of them.

A call goes where the configuration says, or where an issuer's own description sends it, and never where a request or a
token does. Redirects are answers like any other, cookies are not kept, proxies of the environment not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from OpenSSL.crypto import Error as CryptoError
from treq.client import HTTPClient
from treq.cookies import IndexableCookieJar
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from gatewayd.core.fetchurl import check_url
from gatewayd.upstream.answer import FAILURES, Answer, CallFailed, phrase, read_body, was_cancelled, was_closed
from gatewayd.upstream.unpacked import Unpacked

IDLE = 30  # seconds a connection is kept for the next call, where any is; servers close theirs after 60 or more

_END = b"-----END CERTIFICATE-----"


class Outgoing:
    """Makes calls that are over within `timeout` seconds, from the look-up of the name to the last byte of the answer.

    An answer of more than `most` bytes is none. Certificates are verified by those in `trusted` (see `read_trusted`),
    or by the system's. Up to `keep` connections are kept for the next call to the same place; those who keep some ask
    for what may be asked twice, since a connection may be closed just as it is used.
    """

    __slots__ = ("_client", "_keep", "_most", "_pool", "_reactor", "_timeout")

    def __init__(self, reactor: Any, timeout: float, most: int, trusted: Any = None, keep: int = 0) -> None:
        self._reactor = reactor
        self._timeout = timeout
        self._most = most
        self._keep = keep
        self._pool = pool = HTTPConnectionPool(reactor, persistent=keep > 0)
        pool.maxPersistentPerHost = keep
        pool.cachedConnectionTimeout = IDLE
        pool.retryAutomatically = False  # that is done here, for POST as well
        agent = Agent(reactor, _Verifying(trusted), connectTimeout=timeout, pool=pool)
        self._client = HTTPClient(Unpacked(agent), IndexableCookieJar(DefaultCookiePolicy(allowed_domains=())))

    def get(self, url: str) -> Deferred[Answer]:
        """Ask for `url`. Fails with `CallFailed`; raises ValueError for a URL that `check_url` refuses."""
        return self._call("GET", url, {}, None)

    def post(self, url: str, fields: Mapping[str, str], body: bytes) -> Deferred[Answer]:
        """Send `body` to `url`, with these fields in the head. Fails and raises as `get` does."""
        return self._call("POST", url, fields, body)

    def close(self) -> Deferred[None]:
        """Close the connections that are kept. The Deferred fires when they are closed."""
        closing: Deferred[Any] = self._pool.closeCachedConnections()
        return closing.addCallback(lambda _: None)

    def _call(self, method: str, url: str, fields: Mapping[str, str], body: bytes | None) -> Deferred[Answer]:
        check_url(url)
        call = Deferred.fromCoroutine(self._exchange(method, url, fields, body))
        return call.addTimeout(self._timeout, self._reactor, onTimeoutCancel=_too_late)

    async def _exchange(self, method: str, url: str, fields: Mapping[str, str], body: bytes | None) -> Answer:
        """The call, and the same once more if a connection that was kept turns out to be closed."""
        again = self._keep > 0
        while True:
            try:
                return await self._attempt(method, url, fields, body)
            except FAILURES as error:
                if was_cancelled(error):
                    raise CancelledError from error
                if not (again and was_closed(error)):
                    raise CallFailed(phrase(error)) from error
            again = False

    async def _attempt(self, method: str, url: str, fields: Mapping[str, str], body: bytes | None) -> Answer:
        head = Headers({"User-Agent": ["gatewayd"], "Accept": ["application/json"]})
        for name, value in fields.items():
            head.setRawHeaders(name, [value])
        response = await self._client.request(
            method, url, headers=head, data=body, allow_redirects=False, unbuffered=True, reactor=self._reactor
        )
        received = {
            name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
            for name, values in response.headers.getAllRawHeaders()
        }
        return Answer(response.code, received, await read_body(response, self._most))


def _too_late(result: object, timeout: float) -> Answer:
    """A call that had to be cancelled."""
    raise CallFailed(f"no answer in {timeout:g} s")


def read_trusted(pem: bytes) -> Any:
    """What `Outgoing` takes as `trusted`: every certificate in a PEM text. Raises ValueError for a text without one."""
    try:
        certificates = [Certificate.loadPEM(part + _END) for part in pem.split(_END)[:-1]]
    except CryptoError:
        certificates = []
    if not certificates:
        raise ValueError("it is no PEM text of certificates")
    return trustRootFromCertificates(certificates)


@implementer(IPolicyForHTTPS)
class _Verifying:
    """TLS to a host is TLS to whoever can prove to be that host."""

    def __init__(self, trusted: Any) -> None:
        self._trusted = trusted
        # Reading the system's certificates takes 10 ms, on the reactor: once for each host, of which there are few.
        self._made: dict[bytes, IOpenSSLClientConnectionCreator] = {}

    def creatorForNetloc(self, hostname: bytes, port: int) -> IOpenSSLClientConnectionCreator:
        """What opens a verified connection to `hostname`, a name or an address."""
        creator = self._made.get(hostname)
        if creator is None:
            creator = self._made[hostname] = optionsForClientTLS(hostname.decode("ascii"), self._trusted)
        return creator
