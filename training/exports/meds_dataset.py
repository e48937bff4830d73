"""A cohort as a dataset of the Medical Event Data Standard, version 0.4 (github.com/Medical-Event-Data-Standard/meds).

The folder holds data, metadata and labels as the standard says, and in ``kap`` what the standard has no place for.
"""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.protocol.problems import InputRefusedError, Problem
from features.records.cohort import Cohort
from training.exports.meds_codes import list_codes
from training.exports.meds_events import SCHEMA, events_of
from training.exports.meds_labels import LabelSet, label_sets, relapse_table
from training.exports.meds_subjects import split_table, subject_ids, subject_table
from training.simulation.marks import is_synthetic

MEDS_VERSION = "0.4.1"
SHARD = 25_000
"""Patients in one file of ``data``, so that memory does not grow with the cohort."""
TIMES = (
    "A cohort has days and no dates. Day 0, the first dosing session, is 2000-01-01 for every patient: no real date. "
    "Ratings are at 08:00, sessions and events at 12:00, ratings after the dose at 18:00. The prediction time of a "
    "landmark before a session is 10:00 of its day, of a landmark on a fixed day 14:00. What has no day, or is an "
    "earlier treatment, has no time: it was known from the beginning."
)
"""How days became times, as ``metadata/dataset.json`` says it."""
README = """\
A cohort in the Medical Event Data Standard {meds}, written by KAP Outcomes.{synthetic}

{times}

* `data`: the events. `exact_value` is `numeric_value` in double precision, `source_row` the row of the cohort's table
  (from 0, by patient and day): events of one session or earlier treatment share it.
* `labels/landmark_N/QUESTION.parquet`: who was observed, yes or no. `labels/labels.json` says what each file means.
* `kap/subjects.parquet`: the pseudonym and the site of each subject. Without this file the numbers of the subjects are
  no secret to someone who knows the pseudonyms: they are hashes without a key.
* `kap/screening.parquet`: facts for the clinician to weigh, as events. No feature may read them, so they are not in
  `data`.
* `kap/relapse.parquet`: relapse as survival data. It is no label: it is known up to the end of follow-up only.
* `kap/protocol.json`: the protocol with its landmarks and outcome rules.

A label is there only if the outcome was observed, and this is not at random. An analysis needs weights for it.
"""


@dataclass(frozen=True, eq=False)
class DatasetSummary:
    """What was written: patients, events and the labels of every question."""

    patients: int
    events: int
    labels: tuple[LabelSet, ...]


def write_dataset(cohort: Cohort, folder: Path) -> DatasetSummary:
    """Write a cohort into a folder that is new or empty; it appears when all is written.

    Raises ``InputRefusedError`` for a folder with files.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputRefusedError(
            [Problem("--out", None, None, "a folder that is new or empty; name another one", "one with files")]
        )
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        partial.mkdir(parents=True)
        written = _write_all(cohort, partial)
        if folder.exists():
            folder.rmdir()
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return written


def describe_dataset(summary: DatasetSummary, folder: Path) -> list[str]:
    """What was written, and how the times are to be read."""
    lines = [f"wrote {summary.patients:,} patients and {summary.events:,} events to {folder}"]
    for one in summary.labels:
        observed = one.labels.num_rows
        counts = f"{one.yes:,} yes, {observed - one.yes:,} no, {one.not_observed:,} not observed"
        lines.append(f"  {one.landmark.name}, {one.question}: {counts}")
    return [*lines, "day 0 became 2000-01-01, which is no real date: see README.md in the folder"]


def _write_all(cohort: Cohort, folder: Path) -> DatasetSummary:
    for name in ("data", "metadata", "labels", "kap"):
        (folder / name).mkdir()
    patient_ids = cohort.patient_ids.tolist()
    ids = subject_ids(patient_ids)
    events = _write_events(cohort, ids, folder)
    labels = label_sets(cohort, ids)
    _write_labels(labels, cohort, folder / "labels")
    pq.write_table(split_table(patient_ids, ids), folder / "metadata" / "subject_splits.parquet")
    pq.write_table(list_codes(cohort.protocol).table(), folder / "metadata" / "codes.parquet")
    _write_json(_metadata(cohort), folder / "metadata" / "dataset.json")
    pq.write_table(subject_table(cohort, ids), folder / "kap" / "subjects.parquet")
    pq.write_table(relapse_table(cohort, ids), folder / "kap" / "relapse.parquet")
    _write_json(json.loads(cohort.protocol.document), folder / "kap" / "protocol.json")
    mark = " The patients are SYNTHETIC: no real person is in it." if is_synthetic(cohort) else ""
    readme = README.format(meds=MEDS_VERSION, synthetic=mark, times=TIMES)
    (folder / "README.md").write_text(readme, encoding="utf-8")
    return DatasetSummary(len(cohort), events, tuple(labels))


def _write_events(cohort: Cohort, ids: NDArray[np.int64], folder: Path) -> int:
    """Write the files of ``data``, and the screening facts; the number of events in ``data``."""
    codes, written = list_codes(cohort.protocol), 0
    with pq.ParquetWriter(folder / "kap" / "screening.parquet", SCHEMA) as screening:
        for number, start in enumerate(range(0, len(cohort), SHARD)):
            patients = np.arange(start, min(start + SHARD, len(cohort)))
            events, apart = events_of(cohort, patients, ids[patients], codes)
            pq.write_table(events, folder / "data" / f"{number}.parquet")
            screening.write_table(apart)
            written += events.num_rows
    return written


def _write_labels(labels: Sequence[LabelSet], cohort: Cohort, folder: Path) -> None:
    listed = []
    for one in labels:
        path = folder / f"landmark_{cohort.protocol.landmarks.index(one.landmark) + 1}" / f"{one.question}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(one.labels, path)
        counts = {"yes": one.yes, "no": one.labels.num_rows - one.yes, "not_observed": one.not_observed}
        where = {"file": path.relative_to(folder).as_posix(), "landmark": one.landmark.name, "question": one.question}
        listed.append({**where, "meaning": one.meaning, **counts})
    _write_json(listed, folder / "labels.json")


def _metadata(cohort: Cohort) -> dict[str, object]:
    """The content of ``metadata/dataset.json``; no time of creation, so that equal cohorts give equal bytes."""
    try:
        own_version = version("kap-outcomes")
    except PackageNotFoundError:
        own_version = "unknown"
    return {
        "dataset_name": f"cohort under the protocol {cohort.protocol.name}",
        "dataset_version": cohort.digest,
        "etl_name": "kap cohort export",
        "etl_version": own_version,
        "meds_version": MEDS_VERSION,
        "raw_source_id_columns": ["source_row"],
        "site_id_columns": ["site_id"],
        "other_extension_columns": ["exact_value"],
        "synthetic": is_synthetic(cohort),
        "day_0": "2000-01-01",
        "times": TIMES,
    }


def _write_json(content: object, path: Path) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
