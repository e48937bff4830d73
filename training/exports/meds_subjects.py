"""Who is who in a MEDS dataset: a whole number per patient, and the split to which a patient belongs.

Both follow from the pseudonym alone: a patient has the same number and the same split in every export.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.records.cohort import Cohort

BITS = 53
"""R and JavaScript read whole numbers of up to so many bits without loss."""
SPLITS = (("train", 0.7), ("tuning", 0.1), ("held_out", 0.2))
"""The standard's names of the splits, and the proportion of the patients in each [judgement]."""


def subject_ids(patient_ids: Sequence[str], bits: int = BITS) -> NDArray[np.int64]:
    """A whole number from 0 per pseudonym, shape (patients,): the first bits of its SHA-256.

    Where two would have the same number, the one that is later in the order of the pseudonyms is hashed again.
    """
    taken: dict[int, str] = {}
    for patient_id in sorted(patient_ids):
        text, number = patient_id, _number(patient_id, bits)
        while number in taken:
            text += "\0"
            number = _number(text, bits)
        taken[number] = patient_id
    numbers = {patient_id: number for number, patient_id in taken.items()}
    return np.array([numbers[patient_id] for patient_id in patient_ids], dtype=np.int64)


def split_table(patient_ids: Sequence[str], ids: NDArray[np.int64]) -> pa.Table:
    """The split of every subject, by a second hash of its pseudonym."""
    ends = np.cumsum([proportion for _, proportion in SPLITS])[:-1]
    places = np.array([_number(f"split\0{patient_id}", BITS) for patient_id in patient_ids]) / 2**BITS
    names = np.array([name for name, _ in SPLITS])[np.searchsorted(ends, places, side="right")]
    return pa.table({"subject_id": pa.array(ids, pa.int64()), "split": pa.array(names, pa.string())})


def subject_table(cohort: Cohort, ids: NDArray[np.int64]) -> pa.Table:
    """The pseudonym and the site of every subject."""
    sites = [cohort.site_names[code] if code >= 0 else None for code in cohort.site.tolist()]
    return pa.table(
        {
            "subject_id": pa.array(ids, pa.int64()),
            "patient_id": pa.array(cohort.patient_ids, pa.string()),
            "site_id": pa.array(sites, pa.string()),
        }
    )


def _number(text: str, bits: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> (64 - bits)
