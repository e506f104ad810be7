"""Keys of requests that are carried out once: in this process, and in a store that gateways share."""

from gatewayd.stores.idempotency.keys import Claim, Keys, OnFailure

__all__ = ["Claim", "Keys", "OnFailure"]
