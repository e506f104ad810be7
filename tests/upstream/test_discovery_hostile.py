"""Answers of name servers that lead where no service is."""

from __future__ import annotations

import pytest

from .discoveries import API, World, a, aaaa, srv

NOWHERE = "it has only addresses where no service can be"


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "224.0.0.1", "255.255.255.255", "169.254.169.254", "169.254.170.2", "100.100.100.200"],
)
def test_addresses_of_no_service(address: str) -> None:
    """Of nobody, of many, or of a cloud's metadata: nothing is sent there, and the last good targets stay."""
    assert World().start(a(API, address)).failed == [NOWHERE]
    world = World().start(a(API, "10.0.0.1"))
    world.resolver.put(a(API, address))
    world.again()
    assert (world.urls(), world.failed) == (["http://10.0.0.1:80"], [NOWHERE])


@pytest.mark.parametrize("address", ["::", "ff02::1", "::ffff:169.254.169.254", "fd00:ec2::254"])
def test_the_same_of_six(address: str) -> None:
    """Whatever the family, and written as one of the other."""
    assert World().start(aaaa(API, address)).failed == [NOWHERE]


def test_the_others_stay() -> None:
    """One bad record of many is passed over, those beside it are used; link-local and loopback ones are as well."""
    world = World().start(a(API, "169.254.169.254"), a(API, "10.0.0.1"), a(API, "169.254.171.1"), a(API, "127.0.0.1"))
    assert world.urls() == ["http://10.0.0.1:80", "http://127.0.0.1:80", "http://169.254.171.1:80"]


def test_hosts_of_services() -> None:
    """It makes no difference whether an address came along with an SRV record or was asked for."""
    for along in (True, False):
        world = World("srv")
        records = [a("bad.internal", "169.254.169.254"), a("good.internal", "10.0.0.1")]
        world.resolver.additional = records if along else []
        world.start(srv("bad.internal"), srv("good.internal"), *records)
        assert world.urls() == ["http://10.0.0.1:80"]


def test_no_port() -> None:
    """An SRV record with port 0 leads nowhere."""
    world = World("srv").start(srv("one.internal", 0), srv("one.internal", 81), a("one.internal", "10.0.0.1"))
    assert world.urls() == ["http://10.0.0.1:81"]
    assert World("srv").start(srv("one.internal", 0)).failed == ["it has no SRV record"]
