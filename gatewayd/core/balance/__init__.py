"""Which of a service's targets answers a request."""

from gatewayd.core.balance.candidate import Candidate, Policy
from gatewayd.core.balance.groups import Group, Standing, candidates
from gatewayd.core.balance.key import Key, Source, cookie_value, parse_key
from gatewayd.core.balance.policies import LeastRequests, PeakEwma, Random, RoundRobin
from gatewayd.core.balance.ring import HashRing
from gatewayd.core.balance.sticky import Cookie, StickyTargets, target_id
from gatewayd.core.balance.warmup import admits, share

__all__ = [
    "Candidate",
    "Cookie",
    "Group",
    "HashRing",
    "Key",
    "LeastRequests",
    "PeakEwma",
    "Policy",
    "Random",
    "RoundRobin",
    "Source",
    "Standing",
    "StickyTargets",
    "admits",
    "candidates",
    "cookie_value",
    "parse_key",
    "share",
    "target_id",
]
