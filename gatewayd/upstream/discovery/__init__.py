"""Where a service's targets are found, if they are not configured: in DNS, or in a file."""

from gatewayd.upstream.discovery.dns import DnsDiscovery
from gatewayd.upstream.discovery.file import FileDiscovery
from gatewayd.upstream.discovery.resolver import resolver

__all__ = ["DnsDiscovery", "FileDiscovery", "resolver"]
