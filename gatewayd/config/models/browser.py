"""The sections about browsers: `cors`, `security_headers`, `routes[].csrf`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.headers import TOKEN
from gatewayd.config.models.identity_headers import HeaderPattern
from gatewayd.config.models.names import HeaderName, HeaderValue, Method
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration, DurationOrOff, Kind
from gatewayd.config.models.words import or_word
from gatewayd.core.cors import ANY_ORIGIN, NULL_ORIGIN, Cors, origin_pattern
from gatewayd.core.csrf import SameOrigin
from gatewayd.core.guarded import GuardedNames
from gatewayd.core.securityheaders import STRIPPED_NAMES, BrowserPolicy, SecurityHeaders


def _origin(*also: str) -> Callable[[str], str]:
    """A validator of origins, or of texts that stand for some."""

    def validate(text: str) -> str:
        if text in also:
            return text
        try:
            if text == NULL_ORIGIN:
                raise ValueError
            return origin_pattern(text)
        except ValueError as error:
            message = str(error).partition(": ")[2] or str(error) or "every sandboxed page has this origin"
        raise Complaint("{value} is not an origin that can be named here", message)

    return validate


def _requested(text: str) -> str:
    """The name of a header, or `*`."""
    if TOKEN.fullmatch(text) is None:
        raise Complaint("{value} is not a header name", "write one such as Content-Type, or *")
    return text


_AnyOrigin = Annotated[str, AfterValidator(_origin(ANY_ORIGIN, NULL_ORIGIN)), Kind("origin")]
_NamedOrigin = Annotated[str, AfterValidator(_origin()), Kind("origin")]


class CorsPolicy(Section):
    """Which pages of other origins may read answers. The gateway answers preflights itself."""

    origins: tuple[_AnyOrigin, ...] = Field(
        default=(),
        description="`https://app.example.org`, `https://*.example.org`, or `*` for every one. At least one.",
    )
    methods: tuple[Method, ...] = Field(default=("GET", "HEAD", "POST"), description="What they may do.")
    headers: Annotated[tuple[Annotated[str, AfterValidator(_requested)], ...], Kind("list of header names or `*`")] = (
        Field(default=(), description="Headers they may send; `*` is any.")
    )
    expose: tuple[HeaderName, ...] = Field(default=(), description="Headers of answers they may read.")
    credentials: bool = Field(default=False, description="Whether browsers send cookies along.")
    max_age: Duration | None = Field(default=None, description="How long a browser may keep a preflight's answer.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        open_to_all = [index for index, text in enumerate(self.origins) if text in (ANY_ORIGIN, NULL_ORIGIN)]
        if self.credentials and open_to_all:
            message = "{value} with 'credentials' would let every page act as its visitor"
            raise Complaint(message, "name the origins, or remove 'credentials'", at=("origins", open_to_all[0]))
        return self

    @property
    def policy(self) -> Cors | None:
        """The same, ready to judge; None where it is off."""
        if not self.origins:
            return None
        age = None if self.max_age is None else int(self.max_age)
        return Cors(self.origins, self.methods, self.headers, self.expose, self.credentials, age)


class BrowserHeaders(Section):
    """What answers tell browsers about security, unless the service says so itself, and what they do not tell."""

    hsts: DurationOrOff = Field(
        default=None, description="How long browsers are to use TLS only; sent where the client came by TLS."
    )
    hsts_subdomains: bool = Field(default=False, description="Whether that is for subdomains too.")
    hsts_preload: bool = Field(default=False, description="Whether browsers may be shipped knowing it.")
    nosniff: bool = Field(default=True, description="Whether browsers must believe `Content-Type`.")
    frame_options: Literal["DENY", "SAMEORIGIN", "off"] = Field(
        default="off", description="Who may show the page in a frame."
    )
    content_security_policy: HeaderValue | None = Field(default=None, description="What pages may load and do.")
    referrer_policy: HeaderValue | None = Field(default=None, description="What links tell where they were followed.")
    strip: tuple[HeaderPattern, ...] = Field(
        default=tuple(name.title() for name in STRIPPED_NAMES),
        description="Headers of services that clients do not see.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What browsers would ignore."""
        try:
            _ = self.policy
        except ValueError as error:
            key = "referrer_policy" if "referrer" in str(error) else "content_security_policy"
            hint = "write one such as strict-origin-when-cross-origin" if key == "referrer_policy" else "write one line"
            if "HSTS" in str(error):
                key = "hsts_preload" if self.hsts_preload else "hsts_subdomains"
                hint = "add 'hsts: 365d'" + (" and 'hsts_subdomains: true'" if self.hsts_preload else "")
            raise Complaint(str(error), hint, at=(key,), on_key=True) from None
        return self

    @property
    def policy(self) -> BrowserPolicy:
        """What is written."""
        return BrowserPolicy(
            None if self.hsts is None else int(self.hsts),
            self.hsts_subdomains,
            self.hsts_preload,
            self.nosniff,
            None if self.frame_options == "off" else self.frame_options,
            self.content_security_policy,
            self.referrer_policy,
        )

    @property
    def lines(self) -> SecurityHeaders:
        """What is written, ready to be sent."""
        return SecurityHeaders(self.policy)

    @property
    def stripped(self) -> GuardedNames:
        """What is taken away."""
        return GuardedNames(self.strip, ())


class CsrfCheck(Section):
    """Refuses unsafe requests that a page of another site caused, where a cookie says who is calling."""

    trusted: tuple[_NamedOrigin, ...] = Field(default=(), description="Other origins whose pages may cause them.")

    @property
    def check(self) -> SameOrigin:
        """The same, ready to judge."""
        return SameOrigin(self.trusted)


OwnCors = Annotated[CorsPolicy | None, or_word(off={})]
OwnBrowserHeaders = Annotated[BrowserHeaders | None, or_word(off={"nosniff": False, "strip": ()})]
AllBrowserHeaders = Annotated[BrowserHeaders, or_word(off={"nosniff": False, "strip": ()})]
Csrf = Annotated[CsrfCheck | None, or_word(true={}, false=None)]
