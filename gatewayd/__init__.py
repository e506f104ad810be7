"""gatewayd: an API gateway for teams who live in Python."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("gatewayd")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0+source"
