"""Every feature, written a second time in plain pandas from its meaning alone, equals the row that is built."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.build import build_features
from features.catalogue import catalogue
from features.protocol.document import Covariate, Protocol
from features.records.cohort import Cohort
from tests.benchmarks.plain_pandas import frames_of, plain_features
from tests.cohorts import random_cohort, random_protocol
from training.cohort.reader import read_cohort
from training.simulation.cohort import simulate_cohort, write_cohort


def compare(cohort: Cohort) -> set[str]:
    """Fail unless both agree at every landmark; names of the features that were recorded for somebody."""
    recorded = set()
    frames = frames_of(cohort)
    for landmark in cohort.protocol.landmarks:
        rows = build_features(cohort, landmark)
        plain = plain_features(frames, cohort.protocol, landmark).loc[cohort.patient_ids.tolist()]
        assert set(plain.columns) == set(rows.names)
        for name, built in zip(rows.names, rows.values.T, strict=True):
            place = f"{name}, {landmark.name}"
            np.testing.assert_allclose(plain[name], built, rtol=1e-9, atol=1e-9, err_msg=place)
            recorded |= set() if np.isnan(built).all() else {name}
    return recorded


@pytest.mark.parametrize("seed", range(3))
def test_random_patients_get_the_same_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    recruitment = Covariate("recruitment", "category", "how they came", levels=("referred", "self_referred", "other"))
    protocol = replace(random_protocol(rng), covariates=(recruitment,)) if seed else Protocol()
    assert compare(random_cohort(rng, 60, protocol)) == {feature.name for feature in catalogue(protocol)}


def test_a_synthetic_cohort_gets_the_same_rows(tmp_path: Path) -> None:
    write_cohort(simulate_cohort(80, 4, seed=3), tmp_path)
    cohort = read_cohort(tmp_path)
    assert {"expectancy", "working_alliance"} <= compare(cohort)
