"""Hostile callers in a process of their own: ``python -m tests.serving.hard.hostile_callers KIND PORT CALLERS``.

Each has one connection at a time, and opens the next one when it is ended; the process goes on until it is ended.
"""

import asyncio
import contextlib
import sys

ADDRESS = ("127.0.0.2", 0)
HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\n"
PART = b"a" * 65_536
PAUSE_SECONDS = 0.2


async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One header without end, as fast as it is taken."""
    writer.write(HEAD + b"X-Endless: ")
    while not reader.at_eof():
        writer.write(PART)
        await writer.drain()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A header's line every half second."""
    writer.write(HEAD)
    while not reader.at_eof():
        writer.write(b"X-Slow: a\r\n")
        await writer.drain()
        await asyncio.sleep(0.5)


async def keep_silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Nothing at all."""
    await reader.read()


KINDS = {"flood": flood, "drip": drip, "silence": keep_silent}


async def call(kind: str, port: int) -> None:
    """One caller after the other, without end."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=ADDRESS)
            try:
                await KINDS[kind](reader, writer)
            finally:
                writer.close()
        await asyncio.sleep(PAUSE_SECONDS)


async def call_at_once(kind: str, port: int, callers: int) -> None:
    await asyncio.gather(*(call(kind, port) for _ in range(callers)))


if __name__ == "__main__":
    asyncio.run(call_at_once(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
