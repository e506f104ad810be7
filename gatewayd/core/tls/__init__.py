"""Certificates: what they say, whom they name, and which of them a client gets. Pure; opens no file and no socket."""

# For TLS 1.2, as OpenSSL writes it: forward secrecy and authenticated encryption only. TLS 1.3 has no other.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
