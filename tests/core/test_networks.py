"""Networks: equal to `ipaddress`, with IPv4-mapped addresses seen through; deny wins over allow."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.networks import AccessList, Networks, number_of

Network = IPv4Network | IPv6Network

# Numbers near each other, so that networks overlap, touch and contain what is looked up.
V4 = st.one_of(st.integers(0, 2**32 - 1), st.integers(0x0A000000, 0x0A000FFF)).map(IPv4Address)
V6 = st.one_of(st.integers(0, 2**128 - 1), st.integers(0x20010DB8 << 96, (0x20010DB8 << 96) + 4095)).map(IPv6Address)
V4_NETWORKS = st.builds(lambda a, p: IPv4Network((int(a), p), strict=False), V4, st.integers(0, 32))
V6_NETWORKS = st.builds(lambda a, p: IPv6Network((int(a), p), strict=False), V6, st.integers(0, 128))


def mapped(address: IPv4Address) -> IPv6Address:
    """The IPv6 address that stands for `address`."""
    return IPv6Address(0xFFFF_0000_0000 + int(address))


@given(st.lists(V4_NETWORKS | V6_NETWORKS, max_size=12), V4 | V6, st.booleans())
def test_agrees_with_ipaddress(networks: list[Network], address: IPv4Address | IPv6Address, borders: bool) -> None:
    """An address is in the set exactly where `ipaddress` finds it in one of the networks."""
    looked_up: list[IPv4Address | IPv6Address] = [address]
    if borders:
        for network in networks:
            looked_up += [network.network_address, network.broadcast_address]
    found = Networks(map(str, networks))
    for one in looked_up:
        real = (one.ipv4_mapped or one) if isinstance(one, IPv6Address) else one
        assert (str(one) in found) == any(real in network for network in networks)


@given(V4, V4_NETWORKS)
def test_mapped_addresses_are_ipv4_addresses(address: IPv4Address, network: IPv4Network) -> None:
    """An address, and a network, may be written either way and mean the same."""
    expected = address in network
    as_ipv6 = IPv6Network((int(mapped(network.network_address)), 96 + network.prefixlen))
    for entry in (str(network), str(as_ipv6)):
        assert (str(address) in Networks([entry])) == expected
        assert (f"::ffff:{address}" in Networks([entry])) == expected
        assert (str(mapped(address)) in Networks([entry])) == expected


def test_all_of_one_family_is_nothing_of_the_other() -> None:
    """`::/0` does not let IPv4 in, in no disguise, nor `0.0.0.0/0` IPv6."""
    assert "2001:db8::1" in Networks(["::/0"])
    assert "10.0.0.1" not in Networks(["::/0"])
    assert "::ffff:10.0.0.1" not in Networks(["::/0"])
    assert "::ffff:10.0.0.1" in Networks(["0.0.0.0/0"])
    assert "::1" not in Networks(["0.0.0.0/0"])


def test_zones_and_unix() -> None:
    """A zone is left out; a unix socket's peer has an empty address and its own word."""
    assert "fe80::1%eth0" in Networks(["fe80::/10"])
    assert "" not in Networks(["0.0.0.0/0", "::/0"])
    assert "" in Networks(["unix"])
    assert Networks(["unix"])
    assert not Networks()


@pytest.mark.parametrize(
    "text",
    ["x", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.1 ", "1::2::3", "10.0.0.1\0", "\ud800", "0x0a.0.0.1", "1"],
)
def test_no_addresses(text: str) -> None:
    """A text that is no address, or one that some programs read as another, is in no set."""
    assert number_of(text) is None
    assert text not in Networks(["0.0.0.0/0", "::/0", "unix"])


@pytest.mark.parametrize("entry", ["", "10.0.0.0/33", "example.org", "10.0.0.0/8/8", "::/129"])
def test_no_networks(entry: str) -> None:
    """An entry that is no network is refused when it is read."""
    with pytest.raises(ValueError, match=r"address|network|prefix|/|empty|not appear"):
        Networks([entry])


@pytest.mark.parametrize(
    ("allow", "deny", "address", "expected"),
    [
        ([], [], "10.0.0.1", True),
        ([], [], "", True),
        ([], [], "nonsense", True),
        (["10.0.0.0/8"], [], "10.0.0.1", True),
        (["10.0.0.0/8"], [], "11.0.0.1", False),
        (["10.0.0.0/8"], [], "", False),
        (["10.0.0.0/8", "unix"], [], "", True),
        (["10.0.0.0/8"], ["10.1.0.0/16"], "10.1.2.3", False),
        (["10.1.2.3"], ["10.1.0.0/16"], "10.1.2.3", False),
        (["10.1.2.3"], ["10.1.0.0/16"], "::ffff:10.1.2.3", False),
        ([], ["10.1.0.0/16"], "10.2.0.1", True),
        ([], ["10.1.0.0/16"], "10.1.255.255", False),
        ([], ["10.1.0.0/16"], "::ffff:10.1.0.0", False),
        ([], ["10.1.0.0/16"], "", True),
        ([], ["unix"], "", False),
        ([], ["10.1.0.0/16"], "nonsense", False),
        (["unix"], [], "10.0.0.1", False),
    ],
)
def test_access(allow: list[str], deny: list[str], address: str, expected: bool) -> None:
    """Deny wins however specific allow is; no list at all lets everyone in."""
    assert AccessList(allow, deny).allows(address) is expected


@given(st.lists(V4_NETWORKS, max_size=4), st.lists(V4_NETWORKS, max_size=4), V4)
def test_access_as_written(allow: list[IPv4Network], deny: list[IPv4Network], address: IPv4Address) -> None:
    """Denied nowhere, and allowed somewhere unless nobody is named."""
    expected = not any(address in one for one in deny) and (not allow or any(address in one for one in allow))
    assert AccessList(map(str, allow), map(str, deny)).allows(str(ip_address(int(address)))) == expected
