"""For the tests of those who write policies: a request to ask one about.

from gatewayd.filters.testing import a_request

def test_nobody_refunds_at_night() -> None:
assert refunds(a_request("POST", "/api/v1/refunds", roles={"box-office"})) is True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gatewayd.core.tokens.identity import Identity
from gatewayd.filters.policies import PolicyRequest

__all__ = ["Identity", "PolicyRequest", "a_request"]


def a_request(
    method: str = "GET",
    path: str = "/",
    *,
    query: str = "",
    host: str = "gateway.test",
    route: str = "route",
    client: str = "127.0.0.1",
    subject: str | None = "user-1",
    tenant: str | None = "tenant-1",
    roles: Iterable[str] = (),
    scopes: Iterable[str] = (),
    claims: Mapping[str, object] | None = None,
    anonymous: bool = False,
    parameters: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> PolicyRequest:
    """A request as a policy sees it, of a caller who was found to be `subject`, or of nobody if `anonymous`."""
    identity = Identity(subject, tenant, frozenset(roles), frozenset(scopes), issuer="issuer", claims=claims or {})
    return PolicyRequest(
        method=method,
        host=host,
        path=path,
        query=query,
        route=route,
        client=client,
        identity=None if anonymous else identity,
        parameters=parameters or {},
        headers={name.lower(): (value,) for name, value in (headers or {}).items()},
    )
