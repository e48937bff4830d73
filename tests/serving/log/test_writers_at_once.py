"""Processes that log in one PostgreSQL at once: none waits for another, and a key is logged once all the same."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from serving.log.append import LoggedReply
from serving.log.check import check_log
from serving.log.queries import read_entries
from serving.log.writer import LogWriter, Results
from serving.storage.database import open_database
from tests.serving.databases import disposed, postgresql_database
from tests.serving.logs import SECRET, HeldCommits, draft, logged, writing_to

AT_ONCE = 30
WAIT_SECONDS = 4.0
"""Less than a transaction waits for a lock."""


@pytest.fixture
def two() -> Iterator[tuple[Engine, Engine]]:
    """The connections of two processes to one log, which is there already."""
    with postgresql_database() as url, disposed(open_database(url)) as one, disposed(open_database(url)) as other:
        logged(one, [draft(0)])
        yield one, other


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.001)


async def begun(writer: LogWriter, number: int) -> None:
    """A first entry: the chain of this writer has begun."""
    await writer.append([draft(number)])


def test_a_process_logs_while_the_flush_of_another_lasts(two: tuple[Engine, Engine]) -> None:
    async def ask() -> None:
        with writing_to(two[0]) as slow, writing_to(two[1]) as other:
            await begun(slow, 1)
            await begun(other, 2)
            held = HeldCommits(two[0])
            waiting = asyncio.ensure_future(slow.append([draft(3)]))
            await until(lambda: held.begun == 1)
            async with asyncio.timeout(WAIT_SECONDS):
                await other.append([draft(4)])
            assert not waiting.done()
            held.let_go()
            await waiting

    asyncio.run(ask())
    assert {entry.prediction_id for entry in read_entries(two[0], SECRET)} == {f"p{number}" for number in range(5)}
    assert check_log(two[0], SECRET).findings == ()


def test_a_key_that_two_processes_log_at_the_same_moment_has_one_entry(two: tuple[Engine, Engine]) -> None:
    """The second waits for the first one's commit, and gets its answer."""

    async def ask() -> tuple[Results, Results]:
        with writing_to(two[0]) as first, writing_to(two[1]) as second:
            await begun(first, 1)
            await begun(second, 2)
            held = HeldCommits(two[0])
            one = asyncio.ensure_future(first.append([draft(3, input_digest="same", idempotency="k")]))
            await until(lambda: held.begun == 1)
            again = asyncio.ensure_future(second.append([draft(4, input_digest="same", idempotency="k")]))
            await asyncio.sleep(0.5)
            assert not again.done()
            held.let_go()
            return await one, await again

    one, again = asyncio.run(ask())
    assert one == again == [LoggedReply("p3", draft(3).answer)]
    assert {entry.prediction_id for entry in read_entries(two[0], SECRET)} == {"p0", "p1", "p2", "p3"}
    assert check_log(two[0], SECRET).findings == ()


def test_the_same_keys_in_another_order_stop_neither_process(two: tuple[Engine, Engine]) -> None:
    keyed = [draft(number, input_digest=f"{number}", idempotency=f"k{number}") for number in range(10, 10 + AT_ONCE)]

    async def ask() -> list[Results]:
        with writing_to(two[0]) as first, writing_to(two[1]) as second:
            await begun(first, 1)
            await begun(second, 2)
            return await asyncio.gather(first.append(keyed), second.append(keyed[::-1]))

    one, other = asyncio.run(ask())
    assert one == other[::-1]
    assert len(list(read_entries(two[0], SECRET))) == 3 + AT_ONCE
    assert check_log(two[0], SECRET).findings == ()
