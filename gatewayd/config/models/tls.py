"""The sections `listeners[].tls` and `services.NAME.tls`: certificates, and who has to show one."""

from __future__ import annotations

import ssl
from pathlib import PurePath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.callers import FilePath
from gatewayd.config.models.names import Origin, ServiceName
from gatewayd.config.models.section import Section, count
from gatewayd.config.models.values import Duration, Kind
from gatewayd.config.models.words import or_word
from gatewayd.core.tls import CIPHERS

HTTPS_PORT = 443


def _version(value: object) -> object:
    """A version that YAML takes for a number."""
    return str(value) if isinstance(value, float) else value


def _ciphers(text: str) -> str:
    """A list of ciphers in OpenSSL's notation."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.set_ciphers(text)
    except ssl.SSLError:
        hint = "write names and groups with colons between, as in 'openssl ciphers -v'"
        raise Complaint("OpenSSL knows no cipher in {value}", hint) from None
    return text


TlsVersion = Annotated[
    Literal["1.2", "1.3"],
    BeforeValidator(_version),
    WithJsonSchema({"enum": ["1.2", "1.3", 1.2, 1.3]}),
    Kind("`1.2`, `1.3`"),
]
Ciphers = Annotated[str, AfterValidator(_ciphers), Kind("OpenSSL's list of ciphers")]


class Certificate(Section):
    """A certificate that clients are shown, and its key."""

    cert_file: FilePath = Field(description="PEM: the certificate, then those of its issuers up to the root's.")
    key_file: FilePath = Field(description="PEM: its key, not encrypted, which nobody else should be able to read.")
    name: ServiceName | None = Field(
        default=None, description="What logs and metrics call it; the name of `cert_file` if left out."
    )

    @property
    def label(self) -> str:
        """What logs and metrics call it."""
        return self.name or PurePath(self.cert_file).stem


class ListenerTls(Section):
    """TLS towards clients. Files are read again when they change; one that is no good leaves the last good ones."""

    certificates: tuple[Certificate, ...] = Field(
        min_length=1, description="Which one a client gets depends on the name it asks for; the first if on none."
    )
    strict_sni: bool = Field(default=False, description="Whether clients are refused that ask for no name, or another.")
    min_version: TlsVersion = Field(default="1.2", description="The oldest version of TLS that clients may speak.")
    ciphers: Ciphers = Field(default=CIPHERS, description="The ciphers of TLS 1.2; those of 1.3 are all good.")
    client_auth: Literal["none", "optional", "required"] = Field(
        default="none", description="Whether clients may, or must, show a certificate of `client_ca_file`."
    )
    client_ca_file: FilePath | None = Field(default=None, description="PEM: who may issue clients' certificates.")
    crl_file: FilePath | None = Field(
        default=None, description="PEM: the lists, one of each issuer, of certificates that are revoked."
    )
    handshake_timeout: Duration = Field(default=10.0, description="How long a client may take until TLS stands.")
    handshakes: int = count(512, "Handshakes at once, in each process; who comes beyond it is turned away.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        if self.client_auth != "none" and self.client_ca_file is None:
            hint = "add 'client_ca_file', a PEM file of the authority that issues clients' certificates"
            raise Complaint("nothing says whose certificates count", hint, at=("client_auth",), on_key=True)
        for key in ("client_ca_file", "crl_file"):
            if self.client_auth == "none" and getattr(self, key) is not None:
                hint = "remove it, or add 'client_auth: required'"
                message = f"no client is asked for a certificate, so {key!r} does nothing"
                raise Complaint(message, hint, at=(key,), on_key=True)
        seen: dict[str, Certificate] = {}
        for index, certificate in enumerate(self.certificates):
            if seen.setdefault(certificate.label, certificate) is not certificate:
                message = f"another certificate is called {certificate.label!r} too"
                raise Complaint(message, "give each a 'name' of its own", at=("certificates", index))
        return self


class HttpsRedirect(Section):
    """Sends every request to the same place by HTTPS."""

    port: int = Field(default=HTTPS_PORT, ge=1, le=65_535, description="The port that clients find HTTPS on.")


class ServiceTls(Section):
    """TLS towards a service, whose targets are `https://` then. Files are read again when they change."""

    verify: bool = Field(default=True, description="Whether its certificate must be good; without, anybody can be it.")
    ca_file: FilePath | None = Field(default=None, description="PEM certificates to trust, instead of the system's.")
    server_name: Origin | None = Field(
        default=None,
        description="The name it is asked for by, and its certificate must have; the target's if left out.",
    )
    cert_file: FilePath | None = Field(default=None, description="PEM: the certificate that the gateway shows it.")
    key_file: FilePath | None = Field(default=None, description="PEM: the key of that, not encrypted.")
    min_version: TlsVersion = Field(default="1.2", description="The oldest version of TLS that it may speak.")
    ciphers: Ciphers = Field(default=CIPHERS, description="The ciphers of TLS 1.2.")
    alpn: bool = Field(default=True, description="Whether it is told, by ALPN, that the gateway speaks `http/1.1`.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        for key, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
            if getattr(self, key) is not None and getattr(self, other) is None:
                raise Complaint(f"{key!r} is of no use without {other!r}", f"add {other!r}", at=(key,), on_key=True)
        if not self.verify and self.ca_file is not None:
            hint = "remove 'verify: false', or 'ca_file'"
            raise Complaint("nothing is verified, so 'ca_file' does nothing", hint, at=("ca_file",), on_key=True)
        return self


OwnRedirect = Annotated[HttpsRedirect | None, or_word(true={}, false=None)]
