"""What a study is asked to do, frozen; and the finished pieces, kept line by line so that it can go on later."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Row: TypeAlias = dict[str, float | int | str | None]


@dataclass(frozen=True)
class StudySettings:
    """Sizes, seeds and what to leave out; ``missing`` are proportions of remission not observed, ``None`` as it comes.

    ``candidates`` empty means those of the product's defaults; ``landmarks`` are numbers from 1.
    """

    mechanisms: tuple[str, ...]
    patients: tuple[int, ...]
    fresh: int
    seeds: tuple[int, ...]
    missing: tuple[float | None, ...]
    candidates: tuple[str, ...]
    landmarks: tuple[int, ...]
    draws: int
    runs: int
    quick: bool
    workers: int
    out: Path
    cohorts: Path

    def key(self, **piece: object) -> dict[str, object]:
        """What tells one piece from every other: its own marks, and the settings that change its figures."""
        shared = ("fresh", "candidates", "landmarks", "draws", "quick")
        return {name: getattr(self, name) for name in shared} | piece


@dataclass(frozen=True)
class Pieces:
    """The finished pieces of a study in a file of one JSON line each; a piece that is there is not computed again."""

    path: Path

    def get(self, key: Mapping[str, object], compute: Callable[[], Sequence[Row]]) -> list[Row]:
        """The rows of the piece with that key, computed and written where they are not there yet."""
        name = json.dumps(key, sort_keys=True)
        kept = self._read().get(name)
        if kept is not None:
            return kept
        rows = list(compute())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"piece": name, "rows": rows}) + "\n")
            file.flush()
        sys.stderr.write(f"finished {name}\n")
        return rows

    def _read(self) -> dict[str, list[Row]]:
        if not self.path.exists():
            return {}
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        # A line without its end was cut off by an interruption; its piece is computed again.
        whole = [json.loads(line) for line in lines if line.endswith("\n") and line.strip()]
        if lines and not lines[-1].endswith("\n"):
            self.path.write_text("".join(lines[:-1]), encoding="utf-8")
        return {entry["piece"]: entry["rows"] for entry in whole}
