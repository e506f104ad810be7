"""The section `authentication`: who is calling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, get_args

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, SecretStr, WithJsonSchema

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.apikeys import ApiKeys
from gatewayd.config.models.callers import Url
from gatewayd.config.models.issuers import ClaimNames, TokenIssuer
from gatewayd.config.models.names import Cookie, ServiceName
from gatewayd.config.models.section import Section, count
from gatewayd.config.models.values import Duration, Frozen, FrozenDict, Kind, proves
from gatewayd.core.tokens.certificate import CertificateParts, Part

METHODS = ("jwt", "api_key", "introspection", "certificate")


def _part_or_off(value: object) -> object:
    """A part of certificates; None for `off`."""
    return None if value == "off" else value


_PARTS = get_args(Part)
PartOrOff = Annotated[
    Part | None,
    BeforeValidator(_part_or_off),
    WithJsonSchema({"enum": [*_PARTS, "off"]}),
    PlainSerializer(lambda part: "off" if part is None else part),
    Kind(", ".join(f"`{part}`" for part in (*_PARTS, "off"))),
]


def _realm(text: str) -> str:
    """What a challenge says in quotes."""
    if not text or not all(" " <= character <= "~" for character in text):
        raise Complaint("{value} cannot stand in a challenge", "write printable ASCII")
    return text


class TokenMemory(Section):
    """Verdicts about tokens that are remembered, so that a token is verified once."""

    tokens: int = count(20_000, "Good tokens remembered until they expire; the least recently used make room.", least=0)
    refused: int = count(5_000, "Refused tokens remembered.", least=0)
    refused_for: Duration = Field(default=10.0, description="For how long these are.")


class Introspection(Section):
    """Asks an authorization server about tokens (RFC 7662), with the gateway's own credentials."""

    url: Url = Field(description="Where it is asked: `https://`, or `http://` on this machine.")
    client_id: str = Field(min_length=1, description="Who asks.")
    client_secret: Annotated[SecretStr, proves("the secret", "write the one that belongs to 'client_id'")] = Field(
        description="The asker's secret."
    )
    cache: Duration = Field(default=30.0, description="How long a good token is believed, or until it expires.")
    refused_for: Duration = Field(default=5.0, description="How long a token that is not active is refused unasked.")
    at_once: int = count(50, "Questions on their way at a time; beyond it 503.", most=10_000)
    timeout: Duration = Field(default=2.0, description="How long an answer may take; beyond it 503.")
    claims: ClaimNames = Field(default=ClaimNames(), description="Where the answers say what.")


class ClientCertificates(Section):
    """Who a client is by its certificate: which part of that says what."""

    subject: Part = Field(default="common_name", description="Who the caller is; there must be one value.")
    tenant: PartOrOff = Field(default=None, description="The caller's tenant, one value at most.")
    roles: PartOrOff = Field(default=None, description="The caller's roles, each value one.")

    @property
    def parts(self) -> CertificateParts:
        """The same, ready to look them up."""
        return CertificateParts(self.subject, self.tenant, self.roles)


class RevocationList(Section):
    """Tokens and subjects that are believed no more although their tokens have not expired."""

    most: int = count(100_000, "Entries at a time; beyond it no more can be revoked.")
    redis: bool = Field(default=False, description="Whether all gateways share it, by Redis.")
    every: Duration = Field(default=5.0, description="How often it is read from Redis: a revocation may be this late.")


class Authentication(Section):
    """Who is calling, and how callers prove it. Without this section every route is public."""

    realm: Annotated[str, AfterValidator(_realm)] = Field(
        default="gatewayd", description="What `WWW-Authenticate` calls it."
    )
    cookie: Cookie | None = Field(default=None, description="A cookie that tokens are taken from as well.")
    cache: TokenMemory = Field(default=TokenMemory(), description="Verdicts about tokens that are remembered.")
    strip_credentials: bool = Field(
        default=False,
        description="Whether services do not see `Authorization`, the API key and the cookie, where routes are not "
        "public.",
    )
    issuers: Annotated[Mapping[ServiceName, TokenIssuer], Frozen, Kind("mapping of names to issuers")] = Field(
        default=FrozenDict(), description="Whose JSON Web Tokens are taken, by name."
    )
    api_keys: ApiKeys | None = Field(default=None, description="Takes API keys.")
    introspection: Introspection | None = Field(default=None, description="Asks about tokens that are no JWTs.")
    certificates: ClientCertificates | None = Field(
        default=None, description="Takes the certificates that clients show by TLS; see `client_auth` of listeners."
    )
    revocations: RevocationList = Field(default=RevocationList(), description="What is believed no more.")

    @property
    def methods(self) -> tuple[str, ...]:
        """The ways to prove who is calling that are configured, out of `METHODS`."""
        others = (self.api_keys, self.introspection, self.certificates)
        given = (bool(self.issuers), *(other is not None for other in others))
        return tuple(method for method, there in zip(METHODS, given, strict=True) if there)
