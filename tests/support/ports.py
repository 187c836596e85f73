"""Ports that are free at the moment."""

import socket

__all__ = ["free_port"]


def free_port() -> int:
    """Answer a port of loopback that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
