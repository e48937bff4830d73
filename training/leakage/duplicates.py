"""Records that are too similar to be two patients: the same record, or nearly, under another id.

Whole raw records are compared without the ids of patient and site.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.records.cohort import Cohort
from features.records.timeline import Indices, Mask
from training.leakage.chance_agreement import CHUNK as PAIRS_AT_ONCE
from training.leakage.chance_agreement import CellEvidence, Levels, beyond_chance, contexts_of, evidence_within
from training.leakage.record_cells import cells_of

KEYS = 32
"""Choices of cells by which records are looked up: two that agree in all chosen cells are compared in full. For a
record with few values half of the cells are chosen: each choice finds a copy with two changed cells 1 time in 4."""
SPARE_BITS = 4.0
"""Bits beyond log2 of the patients: then few pairs agree in the chosen cells by chance, and comparing them is fast."""
MOST_PAIRS = 500_000
"""Pairs that are compared for each choice; those that agree with the fewest others come first."""
CHUNK = 5_000
"""Patients worked on at a time, so that memory does not grow with the cohort."""
FIRST_CELLS = 128
"""Cells of a choice that are looked at first."""
UNSURE_BITS = 3.0
"""How far a copy shifts the threshold of a cohort; a record this close to it does not count as distinguishable."""

Pairs = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class RecordComparison:
    """The records of a cohort, their cells' ``contexts``, and the ``least`` bits by which one patient's two agree."""

    records: CellEvidence
    contexts: Levels
    least: float

    @staticmethod
    def from_cohort(cohort: Cohort) -> "RecordComparison":
        """The comparison of at least two patients."""
        codes = cells_of(cohort)
        contexts = contexts_of(codes)
        records = evidence_within(codes, contexts)
        return RecordComparison(records, contexts, beyond_chance(cohort, records))

    def near_duplicates(self) -> Pairs:
        """Pairs of patients (indices into the cohort), shape (pairs, 2), of records that are equal but for a few cells.

        Two records are one patient's if they agree beyond chance in the whole cohort. Records with few values agree by
        chance and are never paired: see ``distinguishable``.
        """
        pairs = _candidates(self.records)
        parts = np.array_split(pairs, len(pairs) // PAIRS_AT_ONCE + 1)
        return pairs[np.concatenate([self.records.agreement(*part.T) >= self.least for part in parts])]

    def distinguishable(self, changed: int = 0) -> Mask:
        """Whether a copy of a record with ``changed`` cells would agree beyond chance, shape (patients,)."""
        copied = evidence_within(self.records.codes, self.contexts, copies=1)
        return np.asarray(copied.with_itself(changed) >= self.least + UNSURE_BITS)


def _candidates(records: CellEvidence) -> Pairs:
    """Pairs that agree in all cells of a choice with enough information to distinguish a patient from all others."""
    enough = float(np.log2(len(records.codes))) + SPARE_BITS
    rich = np.flatnonzero(records.bits.sum(axis=1) >= enough)
    found = [np.empty((0, 2), dtype=np.intp)]
    for way in range(KEYS):
        rng = np.random.default_rng(way)
        order = rng.permutation(records.codes.shape[1])
        names = rng.integers(1, 2**63, len(order), dtype=np.uint64)
        parts = np.array_split(rich, len(rich) // CHUNK + 1)
        keys = [_keys(records, part, order, names, enough) for part in parts]
        found.append(_same(np.concatenate(keys), rich))
    return np.unique(np.concatenate(found), axis=0)


def _keys(
    records: CellEvidence, patients: Indices, order: Indices, names: NDArray[np.uint64], enough: float
) -> NDArray[np.uint64]:
    """A number for the cells of each record, in this order of the cells, up to the first with which they are enough.

    So many bits are in the first few cells, so that the others are looked at only if they are needed.
    """
    for looked_at in (FIRST_CELLS, len(order)):
        bits = records.bits[np.ix_(patients, order[:looked_at])]
        surprise = np.cumsum(bits, axis=1)
        if (surprise[:, -1] >= enough).all():
            break
    needed = int((surprise < enough).sum(axis=1).max(initial=0)) + 1
    codes, bits, surprise = records.codes[np.ix_(patients, order[:needed])], bits[:, :needed], surprise[:, :needed]
    chosen = (surprise - bits < enough) & (bits > 0)
    hashed = _mixed(codes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + names[:needed])
    keys: NDArray[np.uint64] = np.where(chosen, hashed, np.uint64(0)).sum(axis=1, dtype=np.uint64)
    return keys


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The values with their bits spread, so that sums of them are not equal by accident (SplitMix64, Steele 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _same(keys: NDArray[np.uint64], patients: Indices) -> Pairs:
    """Pairs of patients of equal keys, first below second; groups of few first, until there are ``MOST_PAIRS``."""
    order = np.argsort(keys, kind="stable")
    ends = np.flatnonzero(keys[order][1:] != keys[order][:-1]) + 1
    groups = [patients[group] for group in np.split(order, ends) if len(group) > 1]
    pairs, left = [np.empty((0, 2), dtype=np.intp)], MOST_PAIRS
    for group in sorted(groups, key=len):
        left -= len(group) * (len(group) - 1) // 2
        if left < 0:
            break
        pairs.append(group[np.stack(np.triu_indices(len(group), k=1), axis=1)])
    return np.concatenate(pairs)
