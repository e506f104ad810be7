"""What may be wrong with a token, in words that an operator counts and a client may read."""

from __future__ import annotations

from typing import Literal, get_args

# The label `error_type` of `jwt_validation_errors_total`.
ErrorType = Literal["expired", "invalid", "malformed", "missing", "audience", "issuer", "unknown_key", "algorithm"]
ERROR_TYPES: tuple[ErrorType, ...] = get_args(ErrorType)


class BadToken(Exception):
    """A token that is refused: `error_type` for the metric, `why` as one sentence that never quotes the token.

    `issuer` names an issuer only where fetching its keys anew may turn the verdict: none of the keys at hand is the one
    that the token means. `tenant` is whom the token is from, where that is certain although it is refused.
    """

    def __init__(self, error_type: ErrorType, why: str, issuer: str | None = None, tenant: str | None = None) -> None:
        super().__init__(error_type, why)
        self.error_type: ErrorType = error_type
        self.why = why
        self.issuer = issuer
        self.tenant = tenant

    def __str__(self) -> str:
        return f"{self.error_type}: {self.why}"

    def again(self) -> BadToken:
        """The same verdict as a new exception: one that is raised twice would keep the frames of both."""
        return type(self)(self.error_type, self.why, self.issuer, self.tenant)


class BadCredential(BadToken):
    """A request whose way of carrying a token is refused, whatever the token says: `invalid_request` in RFC 6750."""


class ForgedToken(BadToken):
    """A token that somebody else than its issuer made: what it claims to be signed with did not sign it."""


class NoKeys(Exception):
    """The keys of `issuer` were never fetched: nobody can say yet whether its tokens are good."""

    def __init__(self, issuer: str) -> None:
        super().__init__(issuer)
        self.issuer = issuer


class NoVerdict(Exception):
    """Whoever knows whether a token is good could not be asked: `why` is for the log, and quotes nothing."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class BadKey(ValueError):
    """A key that may not be used, with the reason; never quotes the key."""
