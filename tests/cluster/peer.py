"""Whoever tries and is tried: answers at each port, and tries others when it is asked to.

    python peer.py '{"at": ["::"], "ports": [["TCP", 53], …], "asked_at": 7070}'

Of the standard library alone: it runs by the Python of the hub's image, in pods, and by this
machine's. Who asks sends a line of attempts, `[["TCP", "10.0.0.1", 53], …]`, to the port
`asked_at`, and is given a line of what became of them: whether each was answered.
"""

import json
import selectors
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

HERE = b"here"
AT_ONCE = 96
# Who is refused is told so at once; this is for answers of a busy machine.
SECONDS_MAX = 3.0


def attempt(protocol: str, address: str, port: int) -> bool:
    """Speak to somebody; whether it answers."""
    kind = socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as line:
        line.settimeout(SECONDS_MAX)
        try:
            line.connect((address, port))
            if protocol == "UDP":
                line.send(b"?")
            return line.recv(len(HERE)) == HERE
        except OSError:
            return False


def opened(protocol: str, address: str, port: int) -> socket.socket:
    """Open a port; `::` is IPv4 too."""
    kind = socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM
    line = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if address == "::":
        line.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    line.bind((address, port))
    line.setblocking(False)
    if protocol == "TCP":
        line.listen(512)
    return line


def answer(lines: list[tuple[str, socket.socket]]) -> None:
    """Answer whoever speaks to one of the ports, for ever."""
    with selectors.DefaultSelector() as selector:
        for protocol, line in lines:
            selector.register(line, selectors.EVENT_READ, (protocol, line))
        while True:
            for key, _ in selector.select():
                heard: socket.socket = key.data[1]
                with suppress(OSError):  # who asked may have gone
                    if key.data[0] == "UDP":
                        _, who = heard.recvfrom(64)
                        heard.sendto(HERE, who)
                    else:
                        near, _ = heard.accept()
                        with near:
                            near.sendall(HERE)


def main() -> None:
    """Answer until ended, and try what it is asked to."""
    told = json.loads(sys.argv[1])
    lines = [(p, opened(p, a, port)) for a in told["at"] for p, port in told["ports"]]
    asked = opened("TCP", told["at"][0], told["asked_at"])
    asked.setblocking(True)
    threading.Thread(target=answer, args=(lines,), daemon=True).start()
    while True:
        near, _ = asked.accept()
        with near, suppress(OSError), near.makefile("rw", encoding="utf-8") as said:
            attempts = json.loads(said.readline() or "[]")
            with ThreadPoolExecutor(AT_ONCE) as pool:
                answered = list(pool.map(lambda a: attempt(*a), attempts))
            said.write(json.dumps(answered) + "\n")


if __name__ == "__main__":
    main()
