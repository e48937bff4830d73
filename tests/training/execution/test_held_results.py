"""Of jobs from an iterator, only a few are under way or have results that wait: they need not fit into memory."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from training.execution.cluster import on_cluster
from training.execution.side_by_side import side_by_side

pytestmark = pytest.mark.slow
WORKERS, AT_MOST = 2, 8


def noted(number: int, folder: str) -> int:
    """The first one takes long; each leaves a file when it ends."""
    if number == 0:
        time.sleep(1.5)
    (Path(folder) / str(number)).touch()
    return number


def failing(number: int) -> int:
    time.sleep(0.01)
    if number == 3:
        raise ValueError(f"job {number}")
    return number


@pytest.mark.parametrize("place", [nullcontext(), on_cluster("local", WORKERS)], ids=["processes", "cluster"])
def test_a_slow_first_job_holds_the_others_back_while_no_worker_is_idle(
    place: AbstractContextManager[object], tmp_path: Path
) -> None:
    """One worker has the slow one, and perhaps the next; the other runs all that may be begun."""
    with place:
        found = side_by_side(noted, ((number, str(tmp_path)) for number in range(60)), WORKERS)
        first = next(found)
        ended = len(list(tmp_path.iterdir()))
        assert AT_MOST - 1 <= ended <= AT_MOST
        assert [first, *found] == list(range(60))


def test_an_iterator_is_asked_for_no_more_than_is_held(tmp_path: Path) -> None:
    taken = []

    def jobs() -> Iterator[tuple[int, str]]:
        for number in range(1, 60):
            taken.append(number)
            yield number, str(tmp_path)

    found = side_by_side(noted, jobs(), WORKERS)
    for done in found:
        assert len(taken) - done < AT_MOST
    assert len(taken) == 59


def test_a_job_that_fails_among_others_leaves_no_word_but_its_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="job 3"):
        list(side_by_side(failing, ((number,) for number in range(60)), WORKERS))
    assert list(side_by_side(failing, iter([(1,), (2,)]), WORKERS)) == [1, 2]
    assert capfd.readouterr().err == ""
