"""What a version computed and stored: the records of patients, their feature rows, fitted heads and their answers."""

import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.records.cohort import Cohort
from models.outcomes import Floats
from models.relapse import RelapseHead
from models.remission import RemissionHead
from models.score import Score, from_arrays
from tests.places import ROOT
from training.arithmetic import arithmetic
from training.cohort.reader import read_cohort

Arrays = Mapping[str, NDArray[np.generic]]
ELSEWHERE = 1e-9
"""Largest difference of a probability on a processor that rounds exponentials and sums in another way."""


@dataclass(frozen=True)
class StoredNumbers:
    """The files of one version, unpacked into ``folder``; ``arrays`` are named by path, such as "random/0/values"."""

    folder: Path
    arrays: Arrays

    @staticmethod
    def unpacked(version: str, folder: Path) -> "StoredNumbers":
        """The numbers of a version, such as "0_3_0"."""
        with tarfile.open(ROOT / "tests" / f"version_{version}" / "numbers.tar.xz") as packed:
            packed.extractall(folder, filter="data")
        with np.load(folder / "numbers.npz", allow_pickle=False) as arrays:
            return StoredNumbers(folder, dict(arrays))

    def cohort(self, name: str) -> Cohort:
        """The records of some patients, read by today's reader."""
        return read_cohort(self.folder / name)

    def below(self, path: str) -> dict[str, NDArray[np.generic]]:
        """The arrays directly below a path, by name."""
        prefix = f"{path}/"
        below = {name.removeprefix(prefix): values for name, values in self.arrays.items() if name.startswith(prefix)}
        return {name: values for name, values in below.items() if "/" not in name}

    def names(self, cohort: str) -> list[str]:
        """The features of a cohort's rows, in order."""
        return list(self.arrays[f"{cohort}/features"].astype(str))

    def rows(self, cohort: str, landmark: int) -> Floats:
        """The feature rows of a cohort at a landmark, shape (patients, features)."""
        return self.arrays[f"{cohort}/{landmark}/values"].astype(np.float64)

    @cached_property
    def tolerance(self) -> float:
        """Largest difference of a computed probability: none where this processor computes as that of then."""
        return 0.0 if str(self.arrays["arithmetic"]) == arithmetic() else ELSEWHERE

    def assert_same(self, now: Floats, then: Floats, what: str) -> None:
        """Fail unless computed numbers are those stored, bit for bit where the processor computes as that of then."""
        assert now.shape == then.shape, what
        if not self.tolerance:
            assert same_bits(now, then).all(), f"{what}: largest difference {np.nanmax(np.abs(now - then))}"
        np.testing.assert_allclose(now, then, rtol=0, atol=self.tolerance, err_msg=what)

    def remission(self, path: str, features: int) -> RemissionHead:
        """The remission head stored below a path, in today's class."""
        arrays = self.below(path)
        return RemissionHead(_score(arrays, features), float(arrays["baseline"].item()), float(arrays["slope"].item()))

    def relapse(self, path: str, features: int) -> RelapseHead:
        """The relapse head stored below a path, in today's class; `competing` beside it may have a score of its own."""
        arrays, competing = self.below(path), self.below(path.replace("/relapse", "/competing"))
        return RelapseHead(
            _score(arrays, features),
            arrays["edges"].astype(np.int64),
            arrays["baseline"].astype(np.float64),
            arrays["competing_hazard"].astype(np.float64),
            float(arrays["slope"].item()),
            _score(competing, features) if competing else None,
        )


def _score(arrays: Arrays, features: int) -> Score:
    return from_arrays(arrays, features)


def same_bits(one: Floats, other: Floats) -> NDArray[np.bool_]:
    """Where two arrays have the same numbers bit for bit; all NaN are one."""
    bits = [np.where(np.isnan(values), np.nan, values).view(np.int64) for values in (one, other)]
    return np.asarray(bits[0] == bits[1])
