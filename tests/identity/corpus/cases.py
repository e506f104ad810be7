"""What a case of the attack table is, and the words its payloads are written in.

Every path carries `MARK`, replaced by a token of the same length that is unique to the run of the case: by it a byte of
the request is found at the service, and its line in the access log.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.wire.corpus.cases import MARK

# The series that most cases move.
PASSED = "auth_attempts_total{status=success}"
FAILED = "auth_attempts_total{status=failure}"
EXPIRED = "auth_attempts_total{status=expired}"
ACME = "tenant_requests_total{tenant_id=acme}"
ADMITTED = (PASSED, ACME)
BYPASS = "security_violations_total{violation_type=auth_bypass}"
FORGED = "security_violations_total{violation_type=header_manipulation}"
CROSSED = "security_violations_total{violation_type=tenant_bypass}"
TRAVERSAL = "security_violations_total{violation_type=path_traversal}"
OVERSIZE = "security_violations_total{violation_type=oversize}"


def refused(error: str, tenant: str = "") -> tuple[str, ...]:
    """What a token moves that is refused for `error`; `tenant` is whose it is, by the word of its issuer."""
    moved = f"jwt_validation_errors_total{{error_type={error}}}", EXPIRED if error == "expired" else FAILED
    return (*moved, f"tenant_auth_failures_total{{reason={error}}}{{tenant_id={tenant}}}") if tenant else moved


def removed(*names: str) -> tuple[str, ...]:
    """What fields move that are taken out under these names."""
    return tuple(f"dangerous_headers_filtered_total{{header_name={name}}}" for name in names)


def pair(source: str, target: str) -> str:
    """What a request of one tenant moves that names another."""
    return f"cross_tenant_attempts_total{{source_tenant={source}}}{{target_tenant={target}}}"


@dataclass(frozen=True, slots=True)
class Attack:
    """A request that must be refused with `status` and `reason`, and of which a service must receive nothing.

    `moved` are the watched series that move, each by one as often as it is named, and no other may. `truth` is the
    reason in the access log where the client is told another one, `event` what the security log tells. `answered` are
    pieces that the head of the answer has, `unsaid` bytes that stand nowhere in the answer.
    """

    id: str
    why: str
    payload: bytes
    status: int
    reason: str
    moved: tuple[str, ...] = ()
    truth: str = ""
    event: str = ""
    answered: tuple[bytes, ...] = ()
    unsaid: tuple[bytes, ...] = ()
    method: bytes = b"GET"


@dataclass(frozen=True, slots=True)
class Passage:
    """A request that passes, as `target` (the path that was asked for, if left out), without what was smuggled in.

    The service receives the field lines `present` (names in lower case), none of the names `absent`, and nowhere the
    bytes of `EVIL`. `answered` and `unanswered` are pieces that the head of the answer has, and has not; where it
    is the gateway's `own`, a service hears nothing.
    """

    id: str
    why: str
    payload: bytes
    moved: tuple[str, ...] = ADMITTED
    target: bytes = b""
    present: tuple[bytes, ...] = ()
    absent: tuple[bytes, ...] = ()
    event: str = ""
    answered: tuple[bytes, ...] = ()
    unanswered: tuple[bytes, ...] = ()
    status: int = 200
    own: bool = False
    method: bytes = b"GET"


EVIL = b"impostor"
ANONYMOUS = (b"x-tenant-id", b"x-auth-person", b"x-user-id", b"x-user-roles", b"x-user-scopes")


def ask(
    path: bytes, *lines: bytes, method: bytes = b"GET", host: bytes = b"gw.test", body: bytes = b"", chunks: bytes = b""
) -> bytes:
    """A request for `path` with the mark behind it; a `{}` in the path says where else the mark is to stand."""
    target = path.replace(b"{}", MARK) if b"{}" in path else path + MARK
    fields = [b"Host: " + host, *lines]
    if body:
        fields.append(b"Content-Length: %d" % len(body))
    elif chunks:
        fields.append(b"Transfer-Encoding: chunked")
    return b"\r\n".join((method + b" " + target + b" HTTP/1.1", *fields, b"", body or chunks))
