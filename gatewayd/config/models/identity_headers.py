"""The sections `identity_headers` and `guarded_headers`: what services are told about callers, by nobody else."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from gatewayd.config.complaint import Complaint, suggestion
from gatewayd.config.models.callers import HeaderOrOff, HmacAlgorithm
from gatewayd.config.models.headers import NOBODY_SETS_IN_REQUESTS
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration, Kind
from gatewayd.core.guarded import CLAIM_NAMES, IDENTITY_NAMES, GuardedNames
from gatewayd.core.proof import IdentityNames, Signer
from gatewayd.core.tokens.errors import BadKey
from gatewayd.core.tokens.keys import from_secret

PROOF_HEADERS = ("X-Gateway-Proof", "X-Gateway-Identity")  # by `hmac` and by `jwt`
_PATTERN = re.compile(r"[!#$%&'+.^_`|~0-9A-Za-z-]{1,127}\*?")


class ProofSettings(Section):
    """A signature by which services know that a request came through the gateway."""

    kind: Literal["hmac", "jwt"] = Field(
        default="hmac",
        description="`hmac` signs the whole request, in `X-Gateway-Proof`; `jwt` is a token about the caller alone, in "
        "`X-Gateway-Identity`.",
    )
    secret: SecretStr = Field(description="What it is signed with, at least 32 bytes; services know it too.")
    algorithm: HmacAlgorithm = Field(default="HS256", description="Only with `jwt`: what it is signed by.")
    life: Duration = Field(default=30.0, description="Only with `jwt`: how long it is good.")
    audience: str | None = Field(
        default=None, min_length=1, description="Only with `jwt`: its `aud`; the service's name if left out."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        secret = self.secret.get_secret_value().encode()
        try:
            Signer(secret)
            if self.kind == "jwt":
                from_secret(secret, self.algorithm)
        except BadKey as bad:
            message = str(bad)
        except ValueError as error:
            message = str(error)
        else:
            return self
        hint = f"make one with: openssl rand -hex {int(self.algorithm[2:]) // 8}"
        raise Complaint(message, hint, at=("secret",), on_key=True)


class IdentityHeaders(Section):
    """The headers that tell services who is calling. Clients cannot send them: they are guarded by themselves."""

    tenant: HeaderOrOff = Field(default="X-Tenant-Id", description="The caller's tenant.")
    user: HeaderOrOff = Field(default="X-User-Id", description="Who the caller is.")
    roles: HeaderOrOff = Field(default=None, description="The caller's roles, with commas between.")
    scopes: HeaderOrOff = Field(default=None, description="The credential's scopes, with blanks between.")
    proof: ProofSettings | None = Field(default=None, description="Proves to services that the gateway wrote them.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Each header is another one, and none that the gateway writes for other reasons."""
        proofs = {name.lower(): "it carries the proof" for name in PROOF_HEADERS}
        taken = {**proofs, **NOBODY_SETS_IN_REQUESTS}
        for key in IdentityNames._fields:
            name = getattr(self, key)
            if name is None:
                continue
            why = taken.setdefault(name.lower(), f"it has the caller's {key}")
            if why != f"it has the caller's {key}":
                raise Complaint("{value} cannot tell this", why, at=(key,))
        return self

    @property
    def names(self) -> IdentityNames:
        """The same, ready to write them."""
        return IdentityNames(self.tenant, self.user, self.roles, self.scopes)


def _pattern(text: str) -> str:
    """A header, or all that begin so."""
    if _PATTERN.fullmatch(text) is None:
        raise Complaint("{value} is neither a header name nor a prefix", "write X-Name, or X-Prefix-* for all of those")
    return text


def _known(text: str) -> str:
    """One of the names that are guarded if nobody says otherwise."""
    known = sorted({*IDENTITY_NAMES, *CLAIM_NAMES})
    if text.lower() not in known:
        raise Complaint("{value} is not guarded by itself", suggestion(text, known, "names"))
    return text


HeaderPattern = Annotated[str, AfterValidator(_pattern), Kind("header name or `prefix-*`", "header names, `prefix-*`")]


class GuardedHeaders(Section):
    """Headers that are removed from what clients send: services trust that the gateway wrote them."""

    add: tuple[HeaderPattern, ...] = Field(
        default=(), description="More of them; `X-Corp-*` is all that begin so. Those of `identity_headers` always are."
    )
    allow: Annotated[tuple[Annotated[str, AfterValidator(_known)], ...], Kind("list of header names")] = Field(
        default=(), description="Those of the built-in list that clients may send after all."
    )

    def names(self, identity: IdentityHeaders) -> GuardedNames:
        """All names that are guarded, those of `identity` among them."""
        allowed = {name.lower() for name in self.allow}
        claims = [name for name in CLAIM_NAMES if name not in allowed]
        own = [name for name in identity.names if name is not None]
        known = [name for name in IDENTITY_NAMES if name not in allowed]
        return GuardedNames([*claims, *self.add], [*known, *own, *PROOF_HEADERS])
