"""The information in the agreement of two records, by cell, and the threshold above which it is not chance.

Cells depend on each other, so a cell counts for what it adds to its most informative neighbour. Agreement by chance is
measured on pairs of patients who can't be the same person.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.records.cohort import Cohort
from features.records.timeline import Floats, Indices, Mask
from training.leakage.record_cells import ABSENT, FACTS, Codes

CHANGED = 0.1
"""Share of the cells of a copy that may have been changed [judgement]: agreement of a cell counts for little less than
its information, disagreement costs log2(10) = 3.3 bits (Fellegi & Sunter 1969, doi:10.1080/01621459.1969.10501049)."""
EXPECTED_BY_CHANCE = 0.01
"""Expected pairs of different patients in a cohort that count as one person by chance [judgement]."""
PSEUDO_COUNT = 4.0
"""Weight, in patients, of the prior that a cell does not depend on another one [judgement]."""
LEVELS = 8
"""Levels of a cell on which another one may depend."""
NEAREST = 48
"""Preceding cells among which the most informative one is sought."""
MOST_CHOOSING = 2000
"""Patients from whose records it is decided which cell depends on which."""
MOST_COMPARED = 120_000_000
"""Cells compared in pairs of patients to measure agreement by chance."""
FEWEST_APART = 0.1
"""Share of contradicting pairs below which all pairs are used instead."""
CHUNK = 1_000
"""Pairs worked on at a time: a few of their arrays stay in the processor's cache."""
AGES_APART = 1.0
"""Years by which two ages of one person can differ, in records with another day 0."""
MOST_COPIES = 20
"""Pairs with the most agreement that the tail of chance agreement leaves out, so that copies don't affect it: this
number, or 1 in 1,000 if that is fewer, but at least five."""
DEEPEST = 20
"""The tail is the 1 in 20 pairs that agree most, and of these a hundred times those left out."""

Levels = NDArray[np.int8]
"""Levels of cells: 0 where nothing is recorded, else 1 to ``LEVELS``."""


@dataclass(frozen=True, eq=False)
class CellEvidence:
    """Records as ``codes`` (patients, cells), and ``bits`` (patients, cells): the information of each cell.

    A cell's bits are -log2 of its share among the patients with the same level of its most informative cell (Chow & Liu
    1968, doi:10.1109/TIT.1968.1054142).
    """

    codes: Codes
    bits: NDArray[np.float32]

    def agreement(self, first: Indices, second: Indices) -> Floats:
        """log2 of how much likelier each pair of records is for one person than for two, shape (pairs,)."""
        return self.by_cell(first, second).sum(axis=1, dtype=np.float64)

    def by_cell(self, first: Indices, second: Indices) -> NDArray[np.float32]:
        """The share of each cell in ``agreement``, shape (pairs, cells)."""
        one, other = self.codes[first], self.codes[second]
        both = (one != ABSENT) & (other != ABSENT)
        surprise = np.minimum(self.bits[first], self.bits[second]) + np.float32(np.log2(1 - CHANGED))
        weighed = np.where(one == other, surprise, np.float32(np.log2(CHANGED)))
        return np.where(both, weighed, np.float32(0))

    def with_itself(self, changed: int) -> Floats:
        """``agreement`` of each record with a copy whose most informative cells were changed, (patients,)."""
        recorded = self.codes != ABSENT
        surprise = np.where(recorded, self.bits + np.log2(1 - CHANGED), 0.0)
        lost = -np.sort(-surprise, axis=1)[:, :changed] - np.log2(CHANGED)
        return np.asarray(surprise.sum(axis=1) - lost.sum(axis=1), dtype=np.float64)


def evidence_of_codes(codes: Codes, copies: int = 0) -> CellEvidence:
    """The information of records with these cells (patients, cells), see ``evidence_within``."""
    return evidence_within(codes, contexts_of(codes), copies)


def evidence_within(codes: Codes, contexts: Levels, copies: int = 0) -> CellEvidence:
    """The information of records whose cells depend on ``contexts`` (patients, cells).

    Each cell is as frequent as with ``copies`` further copies of its record.
    """
    bits = np.empty(codes.shape, dtype=np.float32)
    for number, column in enumerate(codes.T):
        bits[:, number] = _Cell.from_column(column, copies).bits(contexts[:, number])
    return CellEvidence(codes, bits)


def contexts_of(codes: Codes) -> Levels:
    """For each cell the level of its most informative cell before it, or 0 if none tells more than the cell alone."""
    chosen = np.linspace(0, len(codes) - 1, min(len(codes), MOST_CHOOSING)).astype(np.intp)
    levels = np.stack([_levels(column) for column in codes.T], axis=1)
    among = np.asfortranarray(levels[chosen])
    contexts = np.zeros(codes.shape, dtype=np.int8)
    for number, column in enumerate(codes.T):
        first = max(number - NEAREST, 0)
        cell = _Cell.from_column(column[chosen], -1)  # as told by the others
        alone = cell.bits(np.zeros(len(chosen), dtype=np.int8)).sum()
        total = [alone, *(cell.bits(among[:, other]).sum() for other in range(first, number))]
        best = int(np.argmin(total))
        if best:
            contexts[:, number] = levels[:, first + best - 1]
    return contexts


def _levels(column: Codes) -> Levels:
    """At most ``LEVELS`` levels of equally many patients, and one more where nothing is recorded."""
    recorded = column[column != ABSENT]
    if not len(recorded):
        return np.zeros(len(column), dtype=np.int8)
    edges = np.unique(np.quantile(recorded, np.arange(1, LEVELS) / LEVELS))
    return np.where(column == ABSENT, -1, np.searchsorted(edges, column, side="left")).astype(np.int8) + np.int8(1)


@dataclass(frozen=True, eq=False)
class _Cell:
    """One cell of all records: where it is recorded, with which codes, and how likely each of these is anywhere.

    It is as if ``more`` others had each code.
    """

    recorded: Mask
    codes: Indices
    prior: Floats
    more: int

    @staticmethod
    def from_column(column: Codes, more: int) -> "_Cell":
        recorded = column != ABSENT
        codes = column[recorded].astype(np.intp)
        holders = np.bincount(codes)
        kinds = max(int((holders > 0).sum()), 1)
        overall = (np.maximum(holders + more, 0) + 1 / kinds) / (len(codes) + more + 1)
        return _Cell(recorded, codes, PSEUDO_COUNT * overall[codes], more)

    def bits(self, context: Levels) -> Floats:
        """-log2 of each record's share among those of its context, (patients,); 0 where nothing is recorded."""
        bits = np.zeros(len(self.recorded))
        if not len(self.codes):
            return bits
        within = context[self.recorded].astype(np.intp)
        place = self.codes * (LEVELS + 2) + within
        joint, among = np.bincount(place)[place], np.bincount(within)[within]
        share = (np.maximum(joint + self.more, 0) + self.prior) / (among + self.more + PSEUDO_COUNT)
        bits[self.recorded] = np.maximum(-np.log2(share), 0.0)
        return bits


def beyond_chance(cohort: Cohort, records: CellEvidence) -> float:
    """The agreement in bits that fewer than ``EXPECTED_BY_CHANCE`` pairs of different patients reach; larger is more.

    Pairs that contradict each other in a constant fact show the agreement of the other cells by chance; that of facts
    comes from other pairs. The tail is extrapolated as exponential, by its flattest part.
    """
    patients = len(cohort)
    compared = int(np.sqrt(2 * MOST_COMPARED / records.codes.shape[1]))
    sample = np.sort(np.random.default_rng(0).permutation(patients)[:compared])
    agreement = np.sort(_by_chance(cohort, records, sample))[::-1]
    pairs = patients * (patients - 1) / 2
    first = int(np.clip(len(agreement) / 1000, 5, MOST_COPIES))
    ranks = np.array([rank for rank in (first, 10 * first, 100 * first) if rank <= len(agreement) / DEEPEST])
    if len(ranks) < 2:
        return float(np.log2(max(pairs, 1.0) / EXPECTED_BY_CHANCE))
    at = agreement[ranks - 1]
    flattest = float(np.max(-np.diff(at) / np.log(ranks[1:] / ranks[:-1])))
    wanted = EXPECTED_BY_CHANCE * len(agreement) / pairs
    return float(at[0] + flattest * np.log(ranks[0] / wanted))


def _by_chance(cohort: Cohort, records: CellEvidence, sample: Indices) -> Floats:
    """The agreement of pairs that can't be one person, with facts that agree as those of any two patients do.

    If few facts are recorded, of all pairs: copies among them can only raise the threshold.
    """
    first, second = np.triu_indices(len(sample), k=1)
    facts, rest = np.empty(len(first)), np.empty(len(first))
    for start in range(0, len(first), CHUNK):
        part = slice(start, start + CHUNK)
        by_cell = records.by_cell(sample[first[part]], sample[second[part]])
        facts[part] = by_cell[:, : len(FACTS)].sum(axis=1)
        rest[part] = by_cell[:, len(FACTS) :].sum(axis=1)
    apart = _contradict(cohort, sample[first], sample[second])
    rest = rest[apart] if apart.mean() > FEWEST_APART else rest
    return rest + np.random.default_rng(1).permutation(facts)[: len(rest)]


def _contradict(cohort: Cohort, first: Indices, second: Indices) -> Mask:
    """Pairs that can't be one person: sex or diagnosis differ, or ages by more than a year; shape (pairs,)."""
    age = cohort.number("age_years")
    differs = np.abs(age[first] - age[second]) > AGES_APART
    for name in ("sex", "diagnosis"):
        codes = cohort.number(name)
        differs |= (codes[first] != codes[second]) & (codes[first] >= 0) & (codes[second] >= 0)
    return np.asarray(differs)
