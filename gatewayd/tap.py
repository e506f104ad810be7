"""`twistd gateway`: its options, and the service they make."""

from __future__ import annotations

import sys
from typing import ClassVar

from twisted.application.service import IService
from twisted.python import usage

EX_CONFIG = 78  # sysexits.h: something is wrong with the configuration


class Options(usage.Options):
    """The options of `twistd gateway`."""

    synopsis = "[options]"
    longdesc = "API gateway: routes, protects and observes the HTTP services behind it."
    optParameters: ClassVar = [
        ["config", "c", None, "The configuration file (YAML); conf.d/*.yaml beside it is read too."]
    ]
    optFlags: ClassVar = [
        ["demo", None, "Serve a demo platform of 19 services; needs no file."],
        ["check", None, "Only check the configuration: print every error and exit 0 or 78."],
    ]

    def postOptions(self) -> None:
        """Refuse options that exclude each other, and install the reactor before anything asks for one."""
        if self["demo"] and self["config"]:
            raise usage.UsageError("--demo brings its own configuration: leave out --config, or --demo.")
        if self["check"] and not self["config"]:
            raise usage.UsageError("--check needs to know what to check: add --config FILE.")
        from gatewayd.app.loop import install_reactor

        install_reactor()


def makeService(options: Options) -> IService:
    """The gateway, its addresses taken; exits 78 for errors in the configuration, 1 for an address it cannot have."""
    from gatewayd.app.start import build
    from gatewayd.config import ConfigErrors, report

    try:
        return build(options, sys.stdout)
    except ConfigErrors as errors:
        sys.stderr.write(report(errors.problems, color=sys.stderr.isatty()))
        sys.exit(EX_CONFIG)
