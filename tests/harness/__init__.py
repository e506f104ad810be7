"""What the black-box tests are made of: the real daemon, an upstream that records, a client that sends anything."""

from .client import PATIENCE, Client, Conversation, raw
from .connection import Request, UpstreamConnection
from .gateway import GatewayError, GatewayProcess, RunResult
from .reader import ByteReader, Ended, Framing, Garbled, Head
from .responses import Response, read_all
from .upstream import RecordingUpstream, Script, echo, refusing_port, reply, silent_port

__all__ = [
    "PATIENCE",
    "ByteReader",
    "Client",
    "Conversation",
    "Ended",
    "Framing",
    "Garbled",
    "GatewayError",
    "GatewayProcess",
    "Head",
    "RecordingUpstream",
    "Request",
    "Response",
    "RunResult",
    "Script",
    "UpstreamConnection",
    "echo",
    "raw",
    "read_all",
    "refusing_port",
    "reply",
    "silent_port",
]
