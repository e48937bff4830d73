"""What a part's ids show only beside those of the other parts: a patient in two, or ids that may be the same.

`identifier_repairs` decides so within a file. Here each part gives what the comparison takes, and no patient's id.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.protocol.problems import CohortRefusedError, Problem
from training.cohort.identifier_repairs import ALIKE_SITES, SHORTENED
from training.cohort.parts.part import CohortPart
from training.cohort.reader import CohortReading

Hashes = NDArray[np.uint64]
_WHOLE = r"\A\d+\z"
_WITHOUT_ZEROS = (r"\A(\d{1,15})\.0+\z", r"\1"), (r"\A0+(\d+)\z", r"\1")


@dataclass(frozen=True, eq=False)
class PartIdentifiers:
    """The ids of a part as far as other parts must know them; ``alike`` and ``sites`` are empty for the strict reader.

    ``patients`` are hashes of the patients' ids and ``alike`` those of the ids as a spreadsheet would leave them.
    ``shortened`` are the columns whose ids such as 12.0 were read as 12, ``named`` those with other ids than numbers.
    """

    patients: Hashes
    alike: Hashes
    sites: tuple[str, ...]
    shortened: frozenset[str]
    named: frozenset[str]


def identifiers_of(reading: CohortReading, *, strict: bool) -> PartIdentifiers:
    """The ids of a part that ``read_part`` gave."""
    cohort = reading.cohort
    ids = pa.array(cohort.patient_ids.tolist(), pa.string())
    patients = _hashed(ids)
    if strict:
        return PartIdentifiers(patients, patients[:0], (), frozenset(), frozenset())
    columns = {"patient_id": ids, "site_id": pa.array(cohort.site_names, pa.string())}
    return PartIdentifiers(
        patients,
        _hashed(_without_zeros(ids)),
        tuple(cohort.site_names),
        frozenset(
            str(one.column)
            for one in reading.repairs
            if one.what == SHORTENED and one.table.partition("/")[0] == "patients"
        ),
        frozenset(name for name, texts in columns.items() if not _are_numbers(texts)),
    )


def require_apart(parts: Sequence[CohortPart], identifiers: Sequence[PartIdentifiers]) -> None:
    """Raise ``CohortRefusedError`` if a patient is in two parts: each would be read from half a record.

    So it is for ids that may be one, and for ids that would be read otherwise in one file.
    """
    problems = list(_in_two(parts, [one.patients for one in identifiers], "every patient in one part", "in several"))
    if not problems:
        required, found = "ids that differ in more than that", "that differ only by leading zeros or by .0"
        problems += _in_two(parts, [one.alike for one in identifiers], required, found)
        problems += _shortened_beside_names(parts, identifiers)
        problems += _sites_alike(parts, identifiers)
    if problems:
        raise CohortRefusedError(problems)


def _in_two(parts: Sequence[CohortPart], hashes: Sequence[Hashes], required: str, found: str) -> Iterator[Problem]:
    every = np.concatenate(hashes)
    part = np.repeat(np.arange(len(hashes)), [len(each) for each in hashes])
    order = np.argsort(every, kind="stable")
    twice = np.flatnonzero((every[order][1:] == every[order][:-1]) & (part[order][1:] != part[order][:-1]))
    if len(twice):
        first, second = parts[part[order[twice[0]]]].name, parts[part[order[twice[0] + 1]]].name
        found = f"{len(twice):,} {found}, the first in {first} and {second}"
        yield Problem("patients", None, "patient_id", required, found)


def _shortened_beside_names(parts: Sequence[CohortPart], identifiers: Sequence[PartIdentifiers]) -> Iterator[Problem]:
    """In one file ids such as 12.0 are read as 12 only if all ids are whole numbers."""
    required = "whole numbers in every part, or none; export the ids again as text"
    for column in ("patient_id", "site_id"):
        named = next((part for part, one in zip(parts, identifiers, strict=True) if column in one.named), None)
        for part, one in zip(parts, identifiers, strict=True):
            if named is not None and column in one.shortened:
                found = f"ids such as 12.0, and in {named.place_of('patients')} ids that are no whole numbers"
                yield Problem(part.place_of("patients"), None, column, required, found)


def _sites_alike(parts: Sequence[CohortPart], identifiers: Sequence[PartIdentifiers]) -> Iterator[Problem]:
    required = "an id that differs from every other in more than that"
    for key, how in ALIKE_SITES:
        first: dict[str, tuple[str, CohortPart]] = {}
        for part, one in zip(parts, identifiers, strict=True):
            for site in one.sites:
                other, where = first.setdefault(key(site), (site, part))
                if other != site:
                    found = f"an id that differs from another one, in {where.place_of('patients')}, {how}"
                    yield Problem(part.place_of("patients"), None, "site_id", required, found)


def _hashed(texts: pa.Array) -> Hashes:
    return np.asarray(pd.util.hash_array(np.asarray(texts.to_pylist(), dtype=object)))


def _without_zeros(texts: pa.Array) -> pa.Array:
    for pattern, replacement in _WITHOUT_ZEROS:
        texts = pc.replace_substring_regex(texts, pattern, replacement)
    return texts


def _are_numbers(texts: pa.Array) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, _WHOLE), min_count=0).as_py())
