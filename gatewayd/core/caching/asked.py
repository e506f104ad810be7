"""What a request says that matters to a cache, read in one go."""

from __future__ import annotations

from gatewayd.core.caching.directives import ANYTHING, Wanted, request_directives
from gatewayd.core.caching.policy import Policy
from gatewayd.core.messages import Field, HeaderSection, RequestHead

# What a cache reads in requests; whoever asks for `plainness` has to have these noted.
READ = frozenset(
    b"authorization cache-control if-match if-modified-since if-none-match if-range if-unmodified-since pragma"
    b" range".split()
)
_WISHES = frozenset({b"cache-control", b"pragma"})
_NO_CACHE = (b"no-cache",)
PLAIN, WISHING = 2, 1
CACHED_METHODS = frozenset({b"GET", b"HEAD"})


def plainness(section: HeaderSection) -> int:
    """How little a GET with this section asks of caches: `PLAIN`, `WISHING` or neither.

    What is `PLAIN` may be given any answer that is fresh, and what is `WISHING` where nobody heeds what clients wish.
    Asked of sections whose `READ` fields were noted as their lines were judged. What is found is kept in the section.
    """
    found = section.plainness
    if found is None:
        if section.length or section.chunked or section.upgrade is not None:
            found = 0
        else:
            said = {field.name for field in section.special if field.name in READ}
            said.discard(b"authorization")  # says who may be given it, and that is settled
            found = PLAIN if not said else WISHING if said <= _WISHES else 0
        section.plainness = found
    return found


class Asked:
    """A request, as a cache reads it.

    `credentialed` says that the answer may be for somebody in particular: it has Authorization, or the gateway knows
    who is calling by other means. `bypass` says that only the service can answer: another method, a body, an upgrade,
    conditions on what the service has now. The values of conditional fields are None where there is none.
    """

    __slots__ = (
        "bypass",
        "credentialed",
        "fields",
        "if_modified_since",
        "if_none_match",
        "if_range",
        "method",
        "range",
        "wanted",
    )

    def __init__(self, head: RequestHead, policy: Policy, *, known: bool) -> None:
        """Read `head`; `known` says that the gateway knows who is calling."""
        section = head.section
        self.method = method = head.method
        self.fields: list[Field] = section.fields
        self.wanted: Wanted = ANYTHING
        self.credentialed = known
        self.if_none_match: bytes | None = None
        self.if_modified_since: bytes | None = None
        self.if_range: bytes | None = None
        self.range: bytes | None = None
        self.bypass = (
            method not in CACHED_METHODS or bool(section.length) or section.chunked or section.upgrade is not None
        )
        read = [field for field in section.fields if field.name in READ]
        if read:
            self._read(read, policy)

    @property
    def partial(self) -> bool:
        """Whether the client may do with less than the answer: a range, or to hear that what it has is good."""
        return not (self.range is None and self.if_none_match is None and self.if_modified_since is None)

    def _read(self, fields: list[Field], policy: Policy) -> None:
        """Take in the fields that caches read."""
        said: list[bytes] = []
        pragma = False
        for field in fields:
            name, value = field.name, field.value
            if name == b"cache-control":
                said.append(value)
            elif name == b"if-none-match":
                self.if_none_match = value if self.if_none_match is None else self.if_none_match + b", " + value
            elif name == b"if-modified-since":
                self.if_modified_since = value if self.if_modified_since is None else b""  # two are none
            elif name == b"range":
                self.range = value if self.range is None else b""
            elif name == b"if-range":
                self.if_range = value if self.if_range is None else b""
            elif name == b"authorization":
                self.credentialed = True
            elif name == b"pragma":
                pragma = pragma or value.lower() == b"no-cache"
            else:
                self.bypass = True  # If-Match, If-Unmodified-Since
        if policy.ignore_client:
            return
        if said:
            self.wanted = request_directives(tuple(said))
        elif pragma:
            self.wanted = request_directives(_NO_CACHE)  # RFC 9111 section 5.4
