"""The files of certificates and keys: whether they are there, go together, and are still good."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.issuers import LARGEST_PEM
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, complain, find, text_at
from gatewayd.core.tls.certificates import BadPair, judge_pair, read_chain

_LARGEST = LARGEST_PEM * 16  # bytes; the system's own certificates are 200 KB
_SOON = 14 * 86_400.0  # seconds before its end at which a certificate had better be renewed
_OTHERS = stat.S_IRWXO | stat.S_IWGRP


def check_tls(sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """Every file that cannot be used, and keys for TLS where there is none."""
    for tls in _listeners(sections):
        for pair in _pairs(tls):
            yield from _check_pair(pair)
        yield from _check_certificates(tls, "client_ca_file")
        yield from _check_crl(tls)
    for service in _services(sections):
        node = find(service, ("tls",))
        if isinstance(node, MapNode):
            yield from _check_pair(node)
            yield from _check_certificates(node, "ca_file")
        yield from _check_targets(service)


def doubt_tls(sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """A warning for each certificate that is not good now or not for long, breaks off, or whose key anybody can read.

    The files are those that `check_tls` has found nothing wrong with.
    """
    now = time.time()
    for tls in _listeners(sections):
        for pair in _pairs(tls):
            yield from _doubt_pair(pair, now)
        yield from _doubt_crl(tls, now)
    for service in _services(sections):
        node = find(service, ("tls",))
        if isinstance(node, MapNode):
            if "cert_file" in node.keys:
                yield from _doubt_pair(node, now)
            verify = find(node, ("verify",))
            if verify is not None and getattr(verify, "value", None) is False:
                hint = "remove it, and name the service's authority by 'ca_file'"
                complaint = Complaint("anybody on the way can be this service", hint)
                yield complain(node, complaint, ("verify",), on_key=True)


def _listeners(sections: Mapping[str, MapNode | ListNode]) -> Iterator[MapNode]:
    """The section `tls` of each listener that has one."""
    listeners = sections.get("listeners")
    for listener in listeners.items if isinstance(listeners, ListNode) else ():
        tls = find(listener, ("tls",))
        if isinstance(tls, MapNode):
            yield tls


def _services(sections: Mapping[str, MapNode | ListNode]) -> Iterator[MapNode]:
    """Each service."""
    services = sections.get("services")
    for service in services.entries.values() if isinstance(services, MapNode) else ():
        if isinstance(service, MapNode):
            yield service


def _pairs(tls: MapNode) -> Iterator[MapNode]:
    """The certificates of a listener."""
    certificates = tls.entries.get("certificates")
    for pair in certificates.items if isinstance(certificates, ListNode) else ():
        if isinstance(pair, MapNode):
            yield pair


def _content(node: MapNode, key: str) -> bytes | None:
    """What is in the file that `key` names; None if it names none. Raises `Complaint`."""
    path = text_at(node, (key,))
    if path is None or not path.startswith("/") or "\0" in path:
        return None
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST + 1)
    except PermissionError:
        hint = "let the user of the gateway read it, such as by group: chgrp gatewayd FILE; chmod 640 FILE"
        raise Complaint(f"{path}: permission denied", hint) from None
    except OSError as error:
        raise Complaint(f"{path}: {(error.strerror or str(error)).lower()}", "check the path") from None
    if len(content) > _LARGEST:
        raise Complaint(f"{path} holds more than {_LARGEST} bytes", "put nothing but PEM into it")
    return content


def _check_pair(node: MapNode) -> Iterator[Problem]:
    """A certificate and its key, that go together."""
    contents: dict[str, bytes | None] = {}
    for key in ("cert_file", "key_file"):
        try:
            contents[key] = _content(node, key)
        except Complaint as complaint:
            yield complain(node, complaint, (key,), on_key=True)
    if len(contents) < 2 or None in contents.values():
        return
    try:
        judge_pair(contents["cert_file"] or b"", contents["key_file"] or b"")
    except BadPair as bad:
        key = "cert_file" if bad.part == "certificate" else "key_file"
        yield complain(node, Complaint(f"{text_at(node, (key,))}: {bad}", bad.hint), (key,), on_key=True)


def _check_certificates(node: MapNode, key: str) -> Iterator[Problem]:
    """Certificates to trust."""
    try:
        content = _content(node, key)
        if content is not None:
            read_chain(content)
    except Complaint as complaint:
        yield complain(node, complaint, (key,), on_key=True)
    except BadPair as bad:
        hint = "give it the PEM certificates of the authorities"
        yield complain(node, Complaint(f"{text_at(node, (key,))}: {bad}", hint), (key,), on_key=True)


def _check_crl(node: MapNode) -> Iterator[Problem]:
    """A list of revoked certificates."""
    try:
        _crls(node)
    except Complaint as complaint:
        yield complain(node, complaint, ("crl_file",), on_key=True)


def _crls(node: MapNode) -> list[x509.CertificateRevocationList]:
    """The lists in `crl_file`, none if there is none. Raises `Complaint`."""
    content = _content(node, "crl_file")
    if content is None:
        return []
    end = b"-----END X509 CRL-----"
    try:
        lists = [x509.load_pem_x509_crl(part + end) for part in content.split(end)[:-1]]
    except ValueError:
        lists = []
    if not lists:
        hint = "convert it with: openssl crl -inform DER -in FILE -out FILE.pem"
        raise Complaint(f"{text_at(node, ('crl_file',))}: it holds no PEM list of revoked certificates", hint)
    return lists


def _check_targets(service: MapNode) -> Iterator[Problem]:
    """What is said about TLS is of use to a target."""
    targets = service.entries.get("targets")
    if "tls" not in service.keys or not isinstance(targets, ListNode):
        return
    urls = [text_at(target, ("url",)) or text_at(target, ()) for target in targets.items]
    if urls and not any(url is None or url.lower().startswith("https:") for url in urls):
        yield service.keys["tls"].problem("no target is met by TLS, so 'tls' does nothing", "write https:// targets")


def _doubt_pair(node: MapNode, now: float) -> Iterator[Problem]:
    """A certificate's time and chain, and who may read its key."""
    certificate, key = _content(node, "cert_file"), _content(node, "key_file")
    if certificate is None or key is None:
        return
    facts = judge_pair(certificate, key)
    message = ""
    if facts.not_after <= now:
        message, hint = f"the certificate expired on {_day(facts.not_after)}", "renew it: clients refuse it"
    elif facts.not_before > now:
        message, hint = f"the certificate is good from {_day(facts.not_before)} only", "check this machine's clock"
    elif facts.not_after - now < _SOON:
        message, hint = f"the certificate expires on {_day(facts.not_after)}", "renew it; the gateway sees that itself"
    if message:
        yield complain(node, Complaint(message, hint), ("cert_file",), on_key=True)
    if facts.broken_chain:
        hint = "put the certificates of the issuers behind it, up to that of the root"
        yield complain(node, Complaint(facts.broken_chain, hint), ("cert_file",), on_key=True)
    path = text_at(node, ("key_file",)) or ""
    mode = Path(path).stat().st_mode
    if mode & _OTHERS:
        hint = f"chmod {'640' if mode & stat.S_IRGRP else '600'} {path}"
        complaint = Complaint("other users of this machine can get at the key", hint)
        yield complain(node, complaint, ("key_file",), on_key=True)


def _doubt_crl(node: MapNode, now: float) -> Iterator[Problem]:
    """A list whose time is over lets nobody in."""
    for crl in _crls(node):
        until = crl.next_update_utc
        if until is not None and until.timestamp() <= now:
            message = f"the list of {crl.issuer.rfc4514_string()} was good until {_day(until.timestamp())}"
            hint = "fetch a new one: while it is too old, no certificate of that issuer is accepted"
            yield complain(node, Complaint(message, hint), ("crl_file",), on_key=True)


def _day(moment: float) -> str:
    """A day, for people."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"
