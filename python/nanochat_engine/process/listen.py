"""The listening socket, opened before anything heavy: a taken port is told at once, and early callers wait instead of failing."""

from __future__ import annotations

import errno
import socket

from nanochat_engine.errors import EngineError, SettingsError

BACKLOG = 512


class PortTaken(EngineError):
    code = "port_taken"


def listen(host: str, port: int) -> socket.socket:
    """A socket listening on host and port (0: any free one).

    Raises PortTaken, or SettingsError when the address can't be used at all.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise SettingsError(f"ENGINE_HOST={host} is no address of this machine: {error}") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"ENGINE_PORT={port} is taken by another process on {host}") from error
        raise SettingsError(f"can't listen on ENGINE_HOST={host}, ENGINE_PORT={port}: {error.strerror}") from error
    listener.setblocking(False)
    return listener
