"""The logs of whole gateways: what lines say, what they never say, and what becomes of them."""
