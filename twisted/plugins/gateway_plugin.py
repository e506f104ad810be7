"""Makes `twistd gateway` known; names its module by string, so that listing plugins imports nothing."""

from twisted.application.service import ServiceMaker

gateway = ServiceMaker(
    "gatewayd",
    "gatewayd.tap",
    "API gateway: routes, protects and observes the HTTP services behind it",
    "gateway",
)
