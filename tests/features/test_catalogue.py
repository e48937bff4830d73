"""The catalogue: names are unique, values keep to their ranges, and the fingerprint covers every declaration."""

from dataclasses import replace

import numpy as np
import pytest

from features import catalogue as module
from features.build import build_features
from features.catalogue import BUILT_IN, RESERVED_NAMES, catalogue, fingerprint
from features.protocol.columns import DAY_LIMIT
from features.protocol.document import Covariate, Landmark, Protocol
from features.protocol.instruments import INSTRUMENTS
from tests.cohorts import DEFAULT, CohortRecords, random_cohort, random_protocol

COVARIATE = Covariate("expectancy", "number", "expectation of benefit", 0, 10)


def test_names_are_unique() -> None:
    names = [feature.name for feature in catalogue(replace(DEFAULT, covariates=(COVARIATE,)))]
    assert len(names) == len(set(names))
    assert {feature.name for feature in BUILT_IN} == RESERVED_NAMES


@pytest.mark.parametrize("feature", BUILT_IN, ids=lambda feature: feature.name)
def test_a_declaration_is_complete(feature: module.Feature) -> None:
    assert feature.unit
    assert feature.source
    assert feature.meaning.endswith((".", ")"))
    assert feature.minimum < feature.maximum
    assert {feature.remission_sign, feature.relapse_sign} <= {-1, 0, 1}


def outside(values: np.ndarray, protocol: Protocol) -> set[str]:
    """Names of the features with a value out of the declared range."""
    features = catalogue(protocol)
    low, high = np.array([[feature.minimum, feature.maximum] for feature in features]).T
    wrong = ((values < low) | (values > high)).any(axis=0)
    return {features[position].name for position in np.flatnonzero(wrong)}


@pytest.mark.parametrize("seed", range(12))
def test_values_lie_within_their_ranges(seed: int) -> None:
    rng = np.random.default_rng(seed)
    protocol = replace(random_protocol(rng), covariates=(COVARIATE,))
    cohort = random_cohort(rng, 60, protocol)
    for landmark in protocol.landmarks:
        assert not outside(build_features(cohort, landmark).values, protocol)


def test_every_feature_takes_a_value_in_the_random_cohorts() -> None:
    values = build_features(random_cohort(np.random.default_rng(0), 300), Landmark("day 30", day=30)).values
    varied = np.array([len(np.unique(column[~np.isnan(column)])) > 1 for column in values.T])
    assert varied.all(), [feature.name for feature, does in zip(BUILT_IN, varied, strict=True) if not does]


@pytest.mark.parametrize("instrument", [name for name, scale in INSTRUMENTS.items() if scale.decides_outcomes])
def test_the_extremes_of_the_format_lie_within_the_ranges(instrument: str) -> None:
    """Ratings that swing over the whole scale, on the first and last days that a table may hold."""
    scale = INSTRUMENTS[instrument]
    records = CohortRecords([], {"assessments": [], "sessions": []})
    for number, (start, end) in enumerate([(scale.minimum, scale.maximum), (scale.maximum, scale.minimum)]):
        patient_id = f"p{number}"
        records.patients.append({"patient_id": patient_id})
        for day, score in ((-DAY_LIMIT, start), (0, start), (1, end), (DAY_LIMIT, end)):
            if number == 0 or day != 0:
                rating = {"patient_id": patient_id, "day": day, "instrument": instrument, "score": score}
                records.tables["assessments"].append(rating)
        for session, day in enumerate((0, DAY_LIMIT), start=1):
            dose = {"patient_id": patient_id, "day": day, "session_number": session, "kind": "dosing"}
            records.tables["sessions"].append(dose | {"adverse_event": 1.0})
    landmarks = (
        Landmark("day 1", day=1),
        Landmark("last", day=DAY_LIMIT),
        Landmark("after it", before_session=3, else_days=DAY_LIMIT),
    )
    protocol = replace(
        DEFAULT, landmarks=landmarks, remission=replace(DEFAULT.remission, instruments=(instrument,), at_landmark=True)
    )
    for landmark in landmarks:
        rows = build_features(records.cohort(protocol), landmark)
        assert not np.isnan(rows.day).any()
        assert not outside(rows.values, protocol)


CHANGES = {
    "name": "another_name",
    "group": "study covariate",
    "unit": "furlongs",
    "minimum": -77.0,
    "maximum": 77_777.0,
    "remission_sign": "the opposite",
    "relapse_sign": "the opposite",
    "source": "another source",
    "meaning": "Another meaning.",
}


def test_every_declared_field_is_tried() -> None:
    assert CHANGES.keys() == BUILT_IN[0].declaration().keys()


@pytest.mark.parametrize("field", CHANGES)
def test_the_fingerprint_changes_with_any_declaration(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    prints = {fingerprint(DEFAULT)}
    for position, feature in enumerate(BUILT_IN):
        value = CHANGES[field]
        if field.endswith("_sign"):
            value = -1 if getattr(feature, field) != -1 else 1
        changed = replace(feature, **{field: value})
        monkeypatch.setattr(module, "BUILT_IN", (*BUILT_IN[:position], changed, *BUILT_IN[position + 1 :]))
        prints.add(fingerprint(DEFAULT))
    assert len(prints) == 1 + len(BUILT_IN)


def test_the_fingerprint_changes_with_order_and_covariates(monkeypatch: pytest.MonkeyPatch) -> None:
    covariates = [(), (COVARIATE,), (replace(COVARIATE, maximum=20),), (replace(COVARIATE, meaning="another"),)]
    prints = {fingerprint(replace(DEFAULT, covariates=declared)) for declared in covariates}
    monkeypatch.setattr(module, "BUILT_IN", BUILT_IN[::-1])
    assert len(prints | {fingerprint(DEFAULT)}) == len(covariates) + 1


def test_the_fingerprint_stays_where_the_rules_alone_change() -> None:
    assert fingerprint(replace(DEFAULT, name="another", horizons_days=(10,))) == fingerprint(DEFAULT)
