"""State by key, in this process or shared through Redis: one interface, two stores.

Redis is advice: whoever asks a store has an answer for `Unavailable`.
"""

from gatewayd.stores.interface import Argument, Change, Kind, Reply, Script, Store, Twin, Unavailable
from gatewayd.stores.memory import MemoryStore

__all__ = ["Argument", "Change", "Kind", "MemoryStore", "Reply", "Script", "Store", "Twin", "Unavailable"]
