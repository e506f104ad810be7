"""Bearer tokens judged: who signed them, what they claim, who that makes the caller (RFC 6750, 7515 to 7519, 8725)."""
