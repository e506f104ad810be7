"""Asks for /hello on one new connection after the other until told to stop; writes how many worked and what failed."""

import json
import pathlib
import socket
import sys


def ask(port: int) -> bytes:
    """The answer to one request."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: client.recv(65536), b""))


def main() -> None:
    """Load `port`, and keep the account in `file`, which appears with the first answer."""
    port, file = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    good, bad = 0, []
    while not file.with_suffix(".stop").exists():
        try:
            answer = ask(port)
            if answer.startswith(b"HTTP/1.1 200 "):
                good += 1
            else:
                bad.append(answer[:60].decode("latin-1"))
        except OSError as error:
            bad.append(str(error))
        if good == 1:
            file.touch()
    file.write_text(json.dumps({"good": good, "bad": bad}))


main()
