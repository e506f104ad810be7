"""The metrics port: what scrapers, supervisors and operators ask the gateway about itself."""

from gatewayd.admin.health import Check, Readiness
from gatewayd.admin.site import admin_site

__all__ = ["Check", "Readiness", "admin_site"]
