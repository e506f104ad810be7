"""What watches the gateway: rules, alerts, a dashboard, and the files around them, written for one installation.

`monitoring/` at the top of the tree is what `files(Settings())` answers; tests keep it so. Nothing of this runs in the
gateway.
"""

from gatewayd.monitoring.output import files, write
from gatewayd.monitoring.settings import Settings

__all__ = ["Settings", "files", "write"]
