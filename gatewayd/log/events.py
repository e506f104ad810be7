"""The vocabulary: everything the gateway tells in its operational log, but for the `audit.*` events.

A name is part of the interface: alerts and searches go by it. Adding an event means adding a row here and telling it;
`docs/logs.md` has the table that `python -m gatewayd.log` makes of the rows.
"""

from __future__ import annotations

from gatewayd.log.event import Event
from gatewayd.log.events_tls import *  # noqa: F403  # a part of this table

# The process.
STARTED = Event(
    "gateway.started", "info", "gatewayd {version} listens: {where}; {what}",
    "Every address is bound, and requests are served.", ("routes", "services"),
)  # fmt: skip
START_FAILED = Event(
    "gateway.start_failed", "critical", "gatewayd cannot serve", "The process ends; the exception says why.",
    failure=True,
)  # fmt: skip
STOPPING = Event(
    "gateway.stopping", "info", "stopping: {what} with requests in flight",
    "A stop waits for requests, at most `gateway.drain_timeout`.", ("busy",),
)  # fmt: skip
CUT_OFF = Event(
    "gateway.requests_cut_off", "warn", "{what} cut off after {waited:.3g} s",
    "A stop did not wait any longer for these requests.", ("number",),
)  # fmt: skip
STOP_FAILED = Event(
    "gateway.stop_failed", "error", "{service} did not stop as it should",
    "A part of the process failed while stopping; the others were stopped all the same.", failure=True,
)  # fmt: skip
OVERLOADED = Event(
    "gateway.overloaded", "warn", "overloaded: {lag:.3f} s behind; low priorities are refused",
    "The event loop is late, and requests are shed by priority: add gateways, or see what takes the time.",
)  # fmt: skip
RELIEVED = Event(
    "gateway.relieved", "info", "no longer overloaded: every request is served again", "Shedding has ended."
)
LOOP_STALLED = Event(
    "gateway.loop_stalled", "warn", "the event loop stood still for {seconds:.3f} s ({cpu:.3f} s of CPU) in {code}",
    "No request was served meanwhile. If it took as much CPU as time, it computed; if not, it waited for something.",
    ("stack",), key=("code",),
)  # fmt: skip
LOOP_RUNS_AGAIN = Event(
    "gateway.loop_runs_again", "warn", "the event loop runs again after {seconds:.3f} s",
    "The end of a stall that was told of while it lasted, since it took more than 5 s.",
)  # fmt: skip
NOTIFY_FAILED = Event(
    "gateway.notify_failed", "warn", "cannot notify {socket}: {why}",
    "Whoever started the gateway (systemd, as a rule) was not told of its state.",
)  # fmt: skip
UNUSED_SOCKET = Event(
    "gateway.unused_socket", "warn", "{address} was handed over by systemd, and no listener has that address",
    "The socket was closed: let gatewayd.socket and `listeners` name the same address.",
)  # fmt: skip
INTERNAL_ERROR = Event(
    "gateway.internal_error", "error", "what follows from {what} failed",
    "A mistake in gatewayd itself: it goes on, but please report the exception.", key=("what",), failure=True,
)  # fmt: skip
DEADLINE_FAILED = Event(
    "gateway.deadline_failed", "error", "a deadline's action failed",
    "A mistake in gatewayd itself: it goes on, but please report the exception.", failure=True,
)  # fmt: skip
WRITE_FAILED = Event(
    "gateway.write_failed", "error", "a write at the end of a turn failed",
    "A mistake in gatewayd itself: it goes on, but please report the exception.", failure=True,
)  # fmt: skip

# The logs themselves.
LOGS_REOPENED = Event(
    "log.reopened", "info", "the log files were reopened; a changed configuration takes effect at the next start",
    "After a signal, as rotation needs it: lines from now on are in new files.",
)  # fmt: skip
LOG_LEVEL = Event(
    "log.level_changed", "info", "lines of {what} are logged from level {name} up",
    "Somebody changed how much is logged while the gateway runs; a restart forgets it.",
)  # fmt: skip
LINES_LOST = Event(
    "log.lines_lost",
    "warn",
    "{log} is in trouble: {refused} lines lost because too many waited, {failed} because of {cause}",
    "A disk is full, or a reader sleeps. Requests do not notice; the lines are gone. Told every 10 s while it lasts.",
    key=("log",),
)
LINES_WRITTEN_AGAIN = Event(
    "log.recovered", "info", "{log} is written again; {lost} lines were lost", "Told once no more lines are lost.",
    key=("log",),
)  # fmt: skip
NOWHERE = Event(
    "log.nowhere", "warn",
    "the access log goes nowhere: a daemon has no standard output; set access_log.path to a file, or off",
    "The configuration asks for lines on an output that the process does not have.",
)  # fmt: skip

# Requests.
REQUEST_FAILED = Event(
    "request.failed", "error", "a request failed",
    "A mistake in gatewayd itself: the client got 500; please report the exception.", ("route",), failure=True,
)  # fmt: skip
MIRROR_FAILED = Event(
    "request.mirror_failed", "error", "a mirrored request failed", "As `request.failed`, of a copy for `mirror`.",
    failure=True,
)  # fmt: skip
BEHIND_FAILED = Event(
    "request.background_failed", "error", "a request behind another failed",
    "As `request.failed`, of a request that renews a kept answer.", failure=True,
)  # fmt: skip
POLICY_FAILED = Event(
    "policy.failed", "error", "the policy {policy} failed",
    "It raised: the request was refused with 503 `policy-failed`. The policy's author has to look.",
    key=("policy",), failure=True,
)  # fmt: skip
POLICY_TIMEOUT = Event(
    "policy.timeout", "error", "the policy {policy} took longer than {limit} s",
    "The request was refused with 503; see `authorization.policy_timeout`.", key=("policy",),
)  # fmt: skip
POLICY_UNCLEAR = Event(
    "policy.unclear", "error", "the policy {policy} answered neither yes nor no",
    "The request was refused with 503. The policy's author has to look.", key=("policy",),
)  # fmt: skip

# Services and their targets.
BREAKER_OPENED = Event(
    "breaker.opened",
    "warn",
    "breaker of {breaker}: {before} -> {after}{duration}, {cause}; "
    "of {total} calls in its window {failures} failed, {slow} were slow{how}",
    "The service is not asked for a while, and its requests are refused with 503 `circuit-open`.",
    ("open_for", "last_failure"),
    key=("breaker",),
)
BREAKER_CHANGED = Event(
    "breaker.transition", "info", BREAKER_OPENED.text, "Any other change of a breaker: it tries, or is closed again.",
    ("open_for", "last_failure"), key=("breaker",),
)  # fmt: skip
BREAKER_CALL_STUCK = Event(
    "breaker.call_stuck", "error", "a call could not be cancelled",
    "What a breaker guards raised when it was cancelled.", failure=True,
)  # fmt: skip
TARGET_EJECTED = Event(
    "target.ejected",
    "warn",
    "{service}: {target} is passed over for {seconds:.1f} s: {cause}{how}",
    "One target of several fails: requests go to the others meanwhile.",
    ("last_failure",),
    key=("service", "target"),
)
TARGET_RETURNED = Event(
    "target.returned", "info", "{service}: {target} answers again", "An ejected target gets requests again.",
    key=("service", "target"),
)  # fmt: skip
TARGET_UNHEALTHY = Event(
    "target.unhealthy", "warn", "{service}: {target} fails its checks: {why}",
    "Its health checks fail: it gets no requests.", key=("service", "target"),
)  # fmt: skip
TARGET_HEALTHY = Event(
    "target.healthy", "info", "{service}: {target} is healthy", "Its health checks succeed: it gets requests.",
    key=("service", "target"),
)  # fmt: skip
CHECK_FAILED = Event(
    "target.check_failed", "error", "a health check failed", "A mistake in gatewayd itself; please report it.",
    failure=True,
)  # fmt: skip
TARGETS_CHANGED = Event(
    "discovery.changed", "info", "targets of {source}: {change}", "Discovery found others than before.",
    key=("source",),
)  # fmt: skip
DISCOVERY_FAILED = Event(
    "discovery.failed", "warn", "no targets of {source}: {why}; {stays}",
    "Discovery found nothing it can use; what it found last stays.", key=("source",),
)  # fmt: skip
DISCOVERY_RECOVERED = Event(
    "discovery.recovered", "info", "{source} tells its targets again", "After `discovery.failed`.", key=("source",)
)
LOOKUP_FAILED = Event(
    "discovery.lookup_failed", "error", "a lookup failed: {why}", "A lookup failed in a way nobody expected."
)

# Who is calling: where keys, lists and verdicts come from.
KEYS_CHANGED = Event(
    "jwks.changed", "info", "{issuer}: keys {changes}", "The issuer published other keys.", key=("issuer",)
)
KEYS_LEFT_OUT = Event(
    "jwks.left_out", "warn", "{issuer}: keys are left out: {why}",
    "Some published keys cannot be used; tokens signed with them are refused.", key=("issuer",),
)  # fmt: skip
KEYS_FAILED = Event(
    "jwks.failed", "warn", "{issuer}: its keys cannot be fetched: {why}; {stays}{late}",
    "Known keys go on being used; without any the issuer's tokens are refused with 503.", key=("issuer",),
)  # fmt: skip
KEYS_RECOVERED = Event(
    "jwks.recovered", "info", "{issuer}: its keys can be fetched again", "After `jwks.failed`.", key=("issuer",)
)
KEYS_ERROR = Event(
    "jwks.error", "error", "a fetch of keys failed", "A mistake in gatewayd itself; please report it.", failure=True
)
INTROSPECTION_FAILED = Event(
    "introspection.failed", "warn", "introspection at {url} fails: {why}; its tokens are refused with 503",
    "The authorization server does not answer.", key=("url",),
)  # fmt: skip
INTROSPECTION_RECOVERED = Event(
    "introspection.recovered", "info", "introspection at {url} works again", "After `introspection.failed`.",
    key=("url",),
)  # fmt: skip
INTROSPECTION_ERROR = Event(
    "introspection.error", "error", "asking about a token failed", "A mistake in gatewayd itself; please report it.",
    failure=True,
)  # fmt: skip
FILE_TAKEN = Event("file.read", "info", "{noun} in {path}: {number}", "A list was read anew.", key=("path",))
FILE_REFUSED = Event(
    "file.refused", "warn", "the {noun} in {path} are not taken: {why}; {stays}",
    "A list cannot be used as it is; what was read last stays.", key=("path",),
)  # fmt: skip
FILE_DOUBTED = Event(
    "file.doubted", "warn", "{noun} in {path}: {doubt}",
    "A list is taken, and something in it does nothing, such as a limit that nobody has.", key=("path", "doubt"),
)  # fmt: skip
FILE_RECOVERED = Event(
    "file.recovered", "info", "the {noun} in {path} are taken again", "After `file.refused`.", key=("path",)
)
FILE_ERROR = Event(
    "file.error", "error", "reading {path} failed", "A mistake in gatewayd itself; please report it.", key=("path",),
    failure=True,
)  # fmt: skip
TENANTS_KEPT = Event(
    "tenants.kept", "error", "the tenants of the file stay as they were: {why}",
    "The file's tenants do not go with those of the configuration.",
)  # fmt: skip
API_KEY_UNUSABLE = Event(
    "api_key.unusable", "warn", "the API key {id} in the store lets nobody in: wrong is {why}",
    "An entry in Redis is no entry of an API key.", key=("id",),
)  # fmt: skip
REVOCATIONS_FAILED = Event(
    "revocations.failed", "warn", "revocations of other gateways cannot be read: {why}",
    "What others revoke is not known here for the time being.",
)  # fmt: skip
REVOCATIONS_RECOVERED = Event(
    "revocations.recovered", "info", "revocations of other gateways are read again", "After `revocations.failed`."
)
REVOCATIONS_FULL = Event(
    "revocations.full", "error", "{count} revocations have no room; make authentication.revocations.most larger",
    "Tokens that were revoked are taken.",
)  # fmt: skip

# Redis.
STORE_UP = Event("store.up", "info", "Redis at {place} is up", "At first, and when it is back.", key=("place",))
STORE_DOWN = Event(
    "store.down", "warn", "Redis at {place} is away: {why}",
    "Each gateway goes on by itself; `on_store_failure` says how limits are judged.", key=("place",),
)  # fmt: skip
STORE_STILL_DOWN = Event(
    "store.still_down", "warn", "Redis at {place} is still away: {why}",
    "It came back and refuses us: look at its user and password.", key=("place",),
)  # fmt: skip
STORE_UNUSABLE = Event(
    "store.unusable", "warn", "Redis at {place} is of no use to some: {why}",
    "It is up, but some calls fail for good, such as for missing rights.", key=("place",),
)  # fmt: skip
STORE_ERROR = Event(
    "store.error", "error", "the care of a connection to Redis ended",
    "A mistake in gatewayd itself; please report it.", failure=True,
)  # fmt: skip
CACHE_UNREADABLE = Event(
    "cache.unreadable", "warn", "a kept answer in Redis cannot be read, and is deleted: {why}",
    "Something else writes to keys of the gateway's, or a value was damaged.",
)  # fmt: skip
CACHE_PURGES_UNREADABLE = Event(
    "cache.purges_unreadable", "error", "the list of purges in Redis cannot be read: {why}",
    "Something else writes to it: the cache uses nothing of Redis until that is over.",
)  # fmt: skip
CACHE_ERROR = Event(
    "cache.error", "error", "what follows from a look into the list of purges failed",
    "A mistake in gatewayd itself; please report it.", failure=True,
)  # fmt: skip

# The metrics port.
PAGE_FAILED = Event(
    "admin.page_failed", "error", "a page of the metrics port failed: {path}",
    "A mistake in gatewayd itself: whoever asked got 500.", key=("path",), failure=True,
)  # fmt: skip
READINESS_FAILED = Event(
    "admin.readiness_failed", "error", "the readiness check {name} failed",
    "A mistake in gatewayd itself: it counts as not ready.", key=("name",), failure=True,
)  # fmt: skip

EVENTS: tuple[Event, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Event))
