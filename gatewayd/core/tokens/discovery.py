"""Where an issuer publishes its keys, by its own word (OpenID Connect Discovery 1.0 section 4)."""

from __future__ import annotations

from gatewayd.core.fetchurl import check_url
from gatewayd.core.tokens.strictjson import parse_object

_WELL_KNOWN = "/.well-known/openid-configuration"


def discovery_url(issuer: str) -> str:
    """Where the issuer describes itself."""
    return issuer.removesuffix("/") + _WELL_KNOWN


def keys_url(document: bytes, issuer: str) -> str:
    """The `jwks_uri` in what the issuer says of itself.

    Raises ValueError where the document is about another issuer (section 4.3: mixing up two lets one sign for the
    other), or where the URL may not be fetched; one without TLS only where the issuer is asked without it as well.
    """
    try:
        members = parse_object(document)
    except ValueError as error:
        raise ValueError(f"this is no discovery document: {error}") from None
    if members.get("issuer") != issuer:
        raise ValueError("the discovery document is about another issuer")
    url = members.get("jwks_uri")
    if type(url) is not str:
        raise ValueError("the discovery document names no jwks_uri")
    try:
        check_url(url)
    except ValueError as error:
        raise ValueError(f"the jwks_uri of the discovery document cannot be used: {error}") from None
    if url.startswith("http:") and not issuer.startswith("http:"):
        raise ValueError("the jwks_uri of the discovery document cannot be used: it gives up TLS")
    return url
