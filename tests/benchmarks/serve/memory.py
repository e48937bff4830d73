"""Whether memory stays flat: that of every server process, looked at every few seconds while a load runs."""

import statistics
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from tests.benchmarks.serve.processes import RunningServer

MOST_GROWTH = 0.02
FLAT = f"at most {MOST_GROWTH:.0%} more"
WARM_UP_SECONDS = 60.0


@dataclass
class Memory:
    """Megabytes of each process by its number, one every ``seconds``; ``ended`` are those that did not last."""

    seconds: float
    megabytes: dict[int, list[float]] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)

    def growth(self) -> dict[int, "Growth"]:
        """How the memory of each process changed over the whole time."""
        return {pid: growth(series, self.seconds) for pid, series in self.megabytes.items()}


@dataclass(frozen=True)
class Growth:
    """Median megabytes in the first and in the last third of the time after the warm-up."""

    before: float
    after: float

    @property
    def flat(self) -> bool:
        """Whether the last third is at most 2% above the first."""
        return self.after - self.before <= MOST_GROWTH * self.before


def growth(series: Sequence[float], seconds: float) -> Growth:
    """The growth in a series with one value every so many seconds.

    The first minute is left out, or the first fifth of a short series: caches fill and threads begin. Medians of thirds
    rather than a fitted slope: memory moves in steps, and a single late step would tilt a slope that is flat otherwise.
    """
    warm = min(int(WARM_UP_SECONDS / seconds), len(series) // 5)
    settled = series[warm:]
    third = max(1, len(settled) // 3)
    return Growth(statistics.median(settled[:third]), statistics.median(settled[-third:]))


class Watch:
    """Looks at a server's processes from a thread, until left."""

    def __init__(self, server: RunningServer, seconds: float) -> None:
        """Every so many seconds."""
        self.memory = Memory(seconds)
        self._pids = server.processes()
        self._left = Event()
        self._thread = Thread(target=self._look, name="memory", daemon=True)

    def __enter__(self) -> Memory:
        """Begin to look; what is returned grows."""
        self._thread.start()
        return self.memory

    def __exit__(self, *_: object) -> None:
        """Look no further."""
        self._left.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._left.wait(self.memory.seconds):
            for pid in self._pids:
                megabytes = proportional_megabytes(pid)
                if megabytes is None:
                    self.memory.ended.add(pid)
                else:
                    self.memory.megabytes.setdefault(pid, []).append(megabytes)


def proportional_megabytes(pid: int) -> float | None:
    """Resident memory of a process, with pages that several share divided among them; ``None`` once it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return None
