"""Refuses networks in every Python process that has this folder on its path, and notes who asked.

Python imports a module of this name when it starts. Sockets within this machine (AF_UNIX and
loopback, where urllib3 looks for IPv6) go on working.
"""

import os
import sys
from pathlib import Path

_ASKING = {
    "socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyaddr",
    "socket.gethostbyname", "socket.sendto", "urllib.Request", "http.client.connect",
}  # fmt: skip
_OF_SOCKETS = {"socket.bind", "socket.connect", "socket.sendto"}


def _is_of_this_machine(address):
    return not isinstance(address, tuple) or address[0] in {"127.0.0.1", "::1", "localhost"}


def _refuse(event, arguments):
    if event not in _ASKING or (event in _OF_SOCKETS and _is_of_this_machine(arguments[1])):
        return
    with Path(os.environ["OFFLINE_LOG"]).open("a", encoding="utf-8") as log:
        log.write(f"{event} {arguments[1:]}\n")
    raise PermissionError(f"{event}: no networks in this test")


sys.addaudithook(_refuse)
