"""The section `authentication.issuers`: who may issue tokens, and what they must claim."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import ConfigDict, Field, SecretStr, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.callers import Algorithm, ClaimName, FilePath, NamesOrAny, RsaAlgorithm, Url, Wanted
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration, DurationOrOff, DurationOrZero, Frozen, FrozenDict, Kind
from gatewayd.core.tokens.claims import Rules
from gatewayd.core.tokens.errors import BadKey
from gatewayd.core.tokens.identity import ClaimPaths
from gatewayd.core.tokens.issuers import Issuer
from gatewayd.core.tokens.keys import Key, from_pem, from_secret
from gatewayd.core.tokens.refresh import Pace

SOURCES = ("keys", "jwks")
KEY_FORMS = ("file", "secret")
LARGEST_PEM = 65_536  # bytes; a certificate with a long chain has ten thousand
_USUAL_LIFE = 3600.0  # seconds that keys are good for whose issuer does not say


def key_in(path: str, algorithm: str, kid: str | None = None) -> Key:
    """The public key in the PEM file at `path`, for one algorithm. Raises `Complaint`."""
    try:
        with Path(path).open("rb") as file:
            pem = file.read(LARGEST_PEM + 1)
    except OSError as error:
        raise Complaint(f"{path}: {error.strerror or error}", "check the path, and who may read the file") from None
    if len(pem) > LARGEST_PEM:
        raise Complaint(f"{path} holds more than {LARGEST_PEM} bytes", "put one public key into it")
    try:
        return from_pem(pem, algorithm, kid)
    except BadKey as bad:
        raise Complaint(f"{path}: {bad}", f"give it a public key for {algorithm}, in PEM") from None


class StaticKey(Section):
    """A key that is known beforehand: exactly one of `file`, `secret`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [form]} for form in KEY_FORMS]})

    algorithm: Algorithm = Field(description="The one algorithm that the key is for.")
    id: str | None = Field(
        default=None, min_length=1, max_length=256, description="The `kid` of the tokens it signs; any if left out."
    )
    file: FilePath | None = Field(
        default=None, description="A PEM file with a public key or a certificate; read when the gateway starts."
    )
    secret: SecretStr | None = Field(default=None, description="What `HS256`, `HS384` or `HS512` sign with.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Judge a secret at once; files are judged where it is known whether they can be read."""
        if self.secret is not None:
            try:
                self._from_secret(self.secret)
            except BadKey as bad:
                hint = "give it a public key by 'file', or use an HS algorithm"
                if self.algorithm.startswith("HS"):
                    hint = f"make one with: openssl rand -hex {int(self.algorithm[2:]) // 8}"
                raise Complaint(f"{bad}", hint, at=("secret",), on_key=True) from None
        return self

    def key(self) -> Key:
        """The key, ready to verify. Reads the file; raises `Complaint` if there is no such key in it."""
        if self.secret is not None:
            return self._from_secret(self.secret)
        return key_in(self.file or "", self.algorithm, self.id)

    def _from_secret(self, secret: SecretStr) -> Key:
        """The key that the secret is."""
        return from_secret(secret.get_secret_value().encode(), self.algorithm, self.id)


class Jwks(Section):
    """Keys that the issuer publishes, fetched before the first request and again before they are too old."""

    url: Url | None = Field(
        default=None, description="Where they are; found by OpenID Connect Discovery from `issuer` if left out."
    )
    least: Duration = Field(default=60.0, description="They are fetched no more often than this by plan.")
    most: Duration = Field(default=86_400.0, description="They are fetched at least this often.")
    cooldown: Duration = Field(
        default=10.0, description="The least time from one fetch to the next that a token with an unknown key causes."
    )
    timeout: Duration = Field(default=3.0, description="How long a fetch may take.")
    ca_file: FilePath | None = Field(
        default=None, description="PEM certificates to trust for it, instead of the system's."
    )
    rsa_algorithms: tuple[RsaAlgorithm, ...] = Field(
        default=("RS256",), description="What RSA keys without `alg` are for, a key for each of these."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        if self.least > self.most:
            raise Complaint("'least' is longer than 'most'", "make it shorter, or set 'most'", at=("least",))
        return self

    @property
    def pace(self) -> Pace:
        """How often they are fetched."""
        usual = min(max(_USUAL_LIFE, self.least), self.most)
        return Pace(usual_life=usual, least_life=self.least, most_life=self.most, cooldown=self.cooldown)


class ClaimNames(Section):
    r"""Where claims stand: names with dots between them, as `realm_access.roles`. A dot in a name is written `\.`."""

    subject: ClaimName = Field(default="sub", description="Who the caller is.")
    tenant: ClaimName = Field(default="tenant_id", description="The caller's tenant.")
    roles: ClaimName = Field(default="roles", description="The caller's roles: a list, or one.")
    scopes: ClaimName = Field(default="scope", description="The token's scopes: a list, or text with blanks between.")

    @property
    def paths(self) -> ClaimPaths:
        """The same, ready to look claims up."""
        return ClaimPaths.of(self.subject, self.tenant, self.roles, self.scopes)


class TokenIssuer(Section):
    """Whose tokens are taken, with exactly one of `keys`, `jwks`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [source]} for source in SOURCES]})

    issuer: str | None = Field(
        default=None,
        min_length=1,
        description="What `iss` must be. One issuer may go without: it is asked about tokens that no other claims.",
    )
    audiences: NamesOrAny = Field(
        default=(),
        description="What `aud` must have one of. A token with `aud` is refused if this is left out; `any` does not "
        "look.",
    )
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = Field(
        description="What its tokens may be signed with: `HS`, `RS`, `PS` or `ES` with `256`, `384` or `512`; `EdDSA`."
    )
    keys: tuple[StaticKey, ...] = Field(default=(), description="Keys that are known beforehand.")
    jwks: Jwks | None = Field(default=None, description="Keys that the issuer publishes; `{}` finds them by discovery.")
    leeway: DurationOrZero = Field(default=60.0, description="How far clocks may be apart.")
    longest_life: DurationOrOff = Field(
        default=None, description="What a token's `exp` may lie behind its `iat`, which it then needs."
    )
    types: NamesOrAny = Field(
        default=("JWT", "at+jwt"), description="What `typ` may be; a token without one counts as `JWT`."
    )
    required: Annotated[Mapping[ClaimName, Wanted], Frozen, Kind("mapping of claims to values, lists or `*`")] = Field(
        default=FrozenDict(), description="Claims a token must have, and their values; `*` is any value."
    )
    claims: ClaimNames = Field(default=ClaimNames(), description="Where its tokens say what.")

    @property
    def rules(self) -> Rules:
        """What its tokens must claim."""
        return Rules(
            self.issuer,
            None if self.audiences is None else frozenset(self.audiences),
            self.leeway,
            self.longest_life,
            None if self.types is None else frozenset(self.types),
            {claim: None if values is None else frozenset(values) for claim, values in self.required.items()},
        )

    def named(self, name: str) -> Issuer:
        """The issuer as tokens are judged by; `name` is what configuration, metrics and logs call it."""
        return Issuer(name, self.rules, frozenset(self.algorithms), self.claims.paths)
