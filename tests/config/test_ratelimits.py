"""Limits of requests in the configuration: what they mean, and what is wrong with some."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.config import Config
from gatewayd.config.models.ratelimits import Limit, LimitUse, RateLimit
from gatewayd.core.gcra import Rate
from gatewayd.core.limitkeys import Part, Source
from gatewayd.core.quota import Quota
from gatewayd.core.ratelimits import Policy
from tests.config.identified import AUTHENTICATED, SERVICE
from tests.config.sample import loaded, problems

OPEN = "routes: [{path: /r, service: pay}]\n"
WHOLE = f"""
{SERVICE}{AUTHENTICATED}
rate_limits:
  address: {{limit: 100/1m}}
  purchase: {{limit: 5/1m, burst: 3, key: [user, "header:X-Show", "claim:shop.id"], block: 5m, enforce: false,
             on_store_failure: deny, mode: leased, lease: 25%, headers: both, quota: {{limit: 1000, window: month}},
             concurrent: 2, limit_from: "claim:limits.buy", plans: {{gold: 50/1m}}}}
  plan: {{limit: 10/1s, key: [tenant], limit_from: plan, plans: {{gold: 20/1s}}}}
listeners: [{{address: "127.0.0.1:0", rate_limits: [address]}}]
routes:
  - {{path: /r, service: pay, rate_limits: [plan, {{name: purchase, cost: 3}}]}}
tenants: {{table: {{acme: {{plan: gold, limits: {{plan: 7/1s}}}}}}, plans: {{gold: {{rate_limits: [plan]}}}}}}
"""


@pytest.fixture(name="config")
def _config(tmp_path: Path) -> Config:
    """A configuration that says everything there is to say."""
    return loaded(tmp_path, WHOLE)


def test_defaults(config: Config) -> None:
    """A limit alone is by the client's address, exact, enforced and told."""
    limit = config.rate_limits["address"]
    assert (limit.parts, limit.needs_caller, limit.claim) == ((Part(Source.CLIENT),), False, None)
    assert limit.policy("address") == Policy("address", True, "local", "exact", 0.1, "standard")
    assert limit.limit == Limit(100, 60.0)
    assert limit.limit.rate(limit.burst) == Rate(100, 60.0, 100)
    assert config.listeners[0].rate_limits == ("address",)


def test_everything(config: Config) -> None:
    """And everything else."""
    limit = config.rate_limits["purchase"]
    assert limit.parts == (Part(Source.USER), Part(Source.HEADER, b"x-show"), Part(Source.CLAIM, path=("shop", "id")))
    assert limit.policy("p") == Policy("p", False, "deny", "leased", 0.25, "both")
    assert limit.quota is not None
    assert limit.quota.quota == Quota(1000, "month")
    assert (limit.block, limit.concurrent, limit.claim) == (300.0, 2, ("limits", "buy"))
    assert (limit.needs_caller, config.rate_limits["plan"].needs_caller) == (True, True)
    assert config.routes[0].rate_limits == (LimitUse("plan"), LimitUse("purchase", 3))
    assert config.tenants.table["acme"].limits == {"plan": Limit(7, 1.0)}
    assert config.tenants.plans["gold"].rate_limits == ("plan",)


def test_as_it_is_written(config: Config) -> None:
    """What a file would have comes out again."""
    written = config.model_dump(mode="json")
    assert written["rate_limits"]["purchase"]["limit"] == "5/1m"
    assert written["rate_limits"]["purchase"]["plans"] == {"gold": "50/1m"}
    assert written["routes"][0]["rate_limits"] == ["plan", {"name": "purchase", "cost": 3}]
    assert written["tenants"]["table"]["acme"]["limits"] == {"plan": "7/1s"}


def test_in_python() -> None:
    """Values may be given as they are."""
    assert RateLimit(limit=Limit(1, 2.0)).limit == Limit(1, 2.0)


_MANY = "write how many in which time, such as 100/1m"
_COST = "write a whole number above zero"


@pytest.mark.parametrize(
    ("limit", "message", "hint"),
    [
        ("{}", "nothing is limited", "add 'limit', such as 100/1m"),
        ("{limit: 100}", "'100' says not in which time", "write 100/1m if that is in a minute"),
        ("{limit: true}", "must be a limit", _MANY),
        ("{limit: fast}", "'fast' is not a limit", _MANY),
        ("{limit: 0/1m}", "'0/1m' would let nobody in", _MANY),
        ("{limit: 5/0s}", "'5/0s' would let nobody in", _MANY),
        ("{limit: 5/1}", "'5/1' has no unit", "write 1s for seconds (units: ms, s, m, h, d)"),
        ("{limit: 9999999/1s}", "'9999999/1s' is too much", "write 1000000/1s or less"),
        (
            "{limit: 1/1m, key: [ip]}",
            "'ip' tells no requests apart",
            "write client, tenant, user, api_key, route, header:NAME or claim:PATH",
        ),
        ("{limit: 1/1m, key: []}", "'key' is empty", "write at least one"),
        ("{quota: {limit: 5, window: day}, block: 5m}", "without 'limit' 'block' does nothing", "add 'limit'"),
        (
            "{limit: 1/1m, plans: {gold: 5/1m}}",
            "without 'limit_from' 'plans' does nothing",
            "add 'limit_from: plan', or remove it",
        ),
        ("{limit: 1/1m, limit_from: plan}", "no plan has a limit of its own", "add 'plans', such as {gold: 1000/1m}"),
        (
            "{limit: 1/1m, limit_from: role}",
            "'role' has no limits",
            "write plan, or claim: and the path to a claim",
        ),
        ("{limit: 1/1m, mode: leased, lease: 0%}", "'0%' is too little", "write one above zero, such as 10%"),
        (
            "{limit: 1/1m, lease: 5%}",
            "'lease' works with 'mode: leased' only",
            "remove it, or add 'mode: leased'",
        ),
        (
            "{limit: 1/1m, key: [client, user]}",
            "nobody can prove who is calling, so 'user' is never known",
            "add the section 'authentication', or use another part",
        ),
    ],
)
def test_what_is_wrong_with_a_limit(tmp_path: Path, limit: str, message: str, hint: str) -> None:
    """Each fault, with a next step."""
    found = problems(tmp_path, f"rate_limits: {{all: {limit}}}\n{SERVICE}{OPEN}")
    assert [(problem.line, problem.message, problem.hint) for problem in found] == [(1, message, hint)]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("listeners: [{rate_limits: [al]}]", "there is no limit 'al'", "did you mean 'all'?"),
        (
            "routes: [{path: /x, service: pay, rate_limits: [{name: x}]}]",
            "there is no limit 'x'",
            "known limits: all, day",
        ),
        (
            "routes: [{path: /x, service: pay, rate_limits: [{name: all, cost: 6}]}]",
            "a request that costs '6' would never pass",
            "write 5 or less, or give the limit a 'burst'",
        ),
        (
            "routes: [{path: /x, service: pay, rate_limits: [{name: all, cost: 0}]}]",
            "'0' is no cost",
            _COST,
        ),
        ("routes: [{path: /x, service: pay, rate_limits: [{cost: 1}]}]", "nothing says which limit", "add 'name'"),
        (
            "routes: [{path: /x, service: pay, rate_limits: [{name: all, x: 1}]}]",
            "unknown key 'x'",
            "known keys: cost, name",
        ),
        (
            "tenants: {table: {a: {}}, plans: {gold: {rate_limits: [x]}}}",
            "there is no limit 'x'",
            "known limits: all, day",
        ),
        ("tenants: {table: {a: {limits: {x: 1/1m}}}}", "there is no limit 'x'", "known limits: all, day"),
        (
            "tenants: {table: {a: {limits: {day: 1/1m}}}}",
            "the limit 'day' has no 'limit'",
            "add one to it, or remove this",
        ),
    ],
)
def test_what_is_wrong_where_limits_are_named(tmp_path: Path, text: str, message: str, hint: str) -> None:
    """Each fault, with a next step."""
    limits = "rate_limits: {all: {limit: 5/1m}, day: {quota: {limit: 9, window: day}}}\n"
    routes = "" if text.startswith("routes") else OPEN
    found = problems(tmp_path, f"{text}\n{limits}{SERVICE}{routes}")
    assert [(problem.line, problem.message, problem.hint) for problem in found] == [(1, message, hint)]
