"""Runs the mock EHR on a socket of this machine in a thread, so that signals stay with the demonstration."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

CLOSE_WITHIN_SECONDS = 3


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """A socket on the loopback address; port 0 takes a free one. Raises ``OSError`` if the port is taken."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        yield listener


@contextmanager
def ehr_running(app: Starlette, listener: socket.socket, pause: Callable[[float], object]) -> Iterator[None]:
    """Answer requests on a socket; afterwards the thread has ended."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=CLOSE_WITHIN_SECONDS,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="mock EHR")
    thread.start()
    try:
        while thread.is_alive() and not server.started:
            pause(0.05)
        yield
    finally:
        server.should_exit = True
        thread.join()
