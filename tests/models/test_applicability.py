"""Patients like the training patients are answered; others are flagged or refused, with reasons."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.build import build_features
from features.catalogue import Feature, catalogue
from features.protocol.document import Covariate, Protocol
from models.applicability import ApplicabilityDomain, Applicable, fit_applicability, from_arrays, to_arrays
from models.outcomes import Floats
from models.settings.sections import ApplicabilitySettings
from serving.contract.reading import read_request
from serving.prediction.record import RecordReader
from tests.serving.requests import EXAMPLE
from training.cohort.reader import read_cohort
from training.simulation.cohort import simulate_cohort, write_cohort

INSIDE, EDGE, OUTSIDE = Applicable


def declared(*names: str, flags: tuple[str, ...] = (), maximum: float = 100.0) -> tuple[Feature, ...]:
    """Features from 0 to ``maximum``, then yes/no features, each a column as it stands."""
    numbers = [Covariate(name, "number", name, 0, maximum) for name in names]
    yes_no = [Covariate(name, "binary", name) for name in flags]
    features = catalogue(replace(Protocol(), covariates=(*numbers, *yes_no)))
    return features[-len(names) - len(flags) :]


def fitted_domain(rows: Floats, features: tuple[Feature, ...]) -> ApplicabilityDomain:
    found = fit_applicability(rows, features, ApplicabilitySettings())
    assert found is not None
    return found


def said(applicability: ApplicabilityDomain, row: list[float], names: tuple[str, ...]) -> tuple[Applicable, list[str]]:
    evaluated = applicability.assess(np.array([row]))
    return Applicable(int(evaluated.verdict[0])), [concern.as_text(names) for concern in evaluated.concerns(0)]


def one_number(seed: int = 1, patients: int = 1000) -> ApplicabilityDomain:
    """Whole numbers evenly from 20 to 80: limits of 20 and 80, a unit of 60."""
    values = np.random.default_rng(seed).permutation(np.arange(patients) % 61 + 20.0)
    return fitted_domain(values[:, None], declared("age"))


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (20, INSIDE),
        (80, INSIDE),
        (19, EDGE),
        (81, EDGE),
        (80 + 60, EDGE),  # as far beyond the range as the range is wide
        (80 + 61, OUTSIDE),
        (20 - 60, EDGE),
        (20 - 61, OUTSIDE),
    ],
)
def test_a_value_out_of_range_is_flagged_and_one_far_out_is_refused(value: float, verdict: Applicable) -> None:
    assert said(one_number(), [value], ("age",))[0] == verdict


def test_the_reason_names_the_feature_and_never_the_value() -> None:
    assert said(one_number(), [97.0], ("age",)) == (EDGE, ["age is outside the range of the training patients"])
    assert said(one_number(), [977.0], ("age",)) == (OUTSIDE, ["age is far outside the range of the training patients"])
    evaluated = one_number().assess(np.array([[977.0]]))
    assert evaluated.refusal(0, ("age",)) == (
        "the patient is unlike the training patients: age is far outside the range of the training patients"
    )


def test_limits_are_coarse_so_that_no_patients_value_is_kept() -> None:
    values = np.random.default_rng(2).uniform(20, 80, 200)
    values[[17, 40]] = 18.7, 86.3
    kept = fitted_domain(values[:, None], declared("age"))
    # a sixteenth of 86.3 - 18.7 is 4.2, and the power of two below it 4
    assert (kept.lower[0], kept.upper[0]) == (4 * 4, 22 * 4)


@pytest.mark.parametrize(
    ("training", "value", "verdict"),
    [
        ([6, 7, 8, 9], 9, INSIDE),
        ([6, 7, 8, 9], 10, EDGE),
        ([6, 7, 8, 9], 13, EDGE),  # half of the largest, 4.5 days, beyond 9
        ([6, 7, 8, 9], 14, OUTSIDE),
        ([6, 7, 8, 9], 120, OUTSIDE),
        ([7], 7, INSIDE),
        ([7], 8, EDGE),
        ([7], 10, EDGE),  # half of 7 days beyond 7
        ([7], 11, OUTSIDE),
        ([7], 120, OUTSIDE),
        ([0], 0, INSIDE),
        ([0], 1, EDGE),  # one day
        ([0], 2, OUTSIDE),
        ([5, 60], 116, EDGE),  # the range is 56: limits of 4 and 60
        ([5, 60], 117, OUTSIDE),
    ],
)
def test_what_is_far_is_measured_by_the_training_patients_and_not_by_what_could_be_declared(
    training: list[int], value: int, verdict: Applicable
) -> None:
    """`days_since_last_dose` may be declared up to 80,000: where everybody had 6 to 9, four months are far."""
    rows = np.resize(np.array(training, dtype=np.float64), 400)[:, None]
    assert said(fitted_domain(rows, declared("days", maximum=80_000)), [value], ("days",))[0] == verdict


def test_of_a_value_that_never_varied_the_limits_are_coarse_too() -> None:
    known = fitted_domain(np.full((50, 1), 71.3), declared("age"))
    assert (known.lower[0], known.upper[0]) == (70, 72)  # a sixteenth of half of 71.3 is 2.2, the power below it 2


def test_a_finely_divided_share_that_never_varied_is_far_after_a_twentieth() -> None:
    known = fitted_domain(np.zeros((50, 1)), declared("share", maximum=1.0))
    for value, verdict in ((0.0, INSIDE), (0.04, EDGE), (0.06, OUTSIDE)):
        assert said(known, [value], ("share",))[0] == verdict


def test_a_value_above_what_is_plausible_is_outside_though_training_patients_had_it() -> None:
    (one,) = declared("dose_of_route_limit")
    rows = np.linspace(0.2, 1.5, 50)[:, None]
    known = fitted_domain(rows, (replace(one, outside_above=1.0),))
    evaluated = known.assess(np.array([[1.0], [1.01]]))
    assert evaluated.verdict.tolist() == [INSIDE, OUTSIDE]
    said = evaluated.refusal(1, ("dose_of_route_limit",))
    assert said == "the patient is unlike the training patients: dose_of_route_limit is implausibly high"


def test_a_diagnosis_that_is_not_recorded_is_not_outside() -> None:
    features = tuple(feature for feature in catalogue(Protocol()) if feature.name.startswith("diagnosis_"))
    number = len(features)
    known = fitted_domain(np.eye(number)[np.arange(500) % 2], features)
    names = tuple(feature.name for feature in features)
    evaluated = known.assess(np.full((1, number), np.nan))
    assert evaluated.by_column["unseen_category"].max() == INSIDE
    for column in range(number):
        assert said(known, np.eye(number)[column].tolist(), names)[0] == (INSIDE if column < 2 else OUTSIDE)


def test_every_diagnosis_has_a_feature_so_that_none_passes_for_another() -> None:
    (column,) = (column for column in Protocol().tables["patients"] if column.name == "diagnosis")
    features = {feature.name for feature in catalogue(Protocol())}
    assert {f"diagnosis_{name}" for name in column.categories} <= features


@pytest.mark.parametrize(("having", "verdict"), [(0, OUTSIDE), (1, EDGE), (4, EDGE), (5, INSIDE)])
def test_a_diagnosis_that_nobody_had_is_refused_and_a_rare_one_flagged(having: int, verdict: Applicable) -> None:
    protocol = Protocol()
    features = tuple(feature for feature in catalogue(protocol) if feature.name in ("diagnosis_gad", "diagnosis_ocd"))
    ocd = np.arange(1000) < having
    known = fitted_domain(
        np.column_stack([~ocd, ocd]).astype(np.float64)[np.random.default_rng(3).permutation(1000)], features
    )
    found, reasons = said(known, [0.0, 1.0], ("diagnosis_gad", "diagnosis_ocd"))
    assert found == verdict
    assert any(reason.startswith("diagnosis_ocd has a value that") for reason in reasons) == (verdict != INSIDE)
    assert said(known, [1.0, 0.0], ("diagnosis_gad", "diagnosis_ocd"))[0] == INSIDE


def test_another_yes_that_nobody_had_is_flagged_and_answered() -> None:
    rng = np.random.default_rng(4)
    rows = np.column_stack([rng.normal(50, 10, 400), np.zeros(400)])
    known = fitted_domain(rows, declared("age", flags=("pacemaker",)))
    names = ("age", "pacemaker")
    assert said(known, [50, 1], names) == (EDGE, ["pacemaker has a value that is rare among the training patients"])
    assert said(known, [50, 0], names) == (INSIDE, [])


def test_in_a_small_cohort_a_category_is_rare_only_where_nobody_had_it() -> None:
    flags = np.zeros((58, 2))
    flags[7, 0] = 1
    known = fitted_domain(flags, declared(flags=("once", "never")))
    assert said(known, [1, 0], ("once", "never"))[0] == INSIDE
    assert said(known, [0, 1], ("once", "never"))[0] == EDGE


def rows_with_gaps(patients: int = 1000, columns: int = 10) -> Floats:
    """Independent columns, each recorded in nine of ten patients, the last in none."""
    rng = np.random.default_rng(5)
    rows = rng.normal(50, 5, (patients, columns))
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows[:, -1] = np.nan
    return rows


@pytest.mark.parametrize(
    ("gaps", "verdict"),
    [
        (0, INSIDE),
        (3, INSIDE),  # of 9 columns: one in ten gaps gives more than three in less than 1 in 100 patients
        (4, EDGE),
        (5, OUTSIDE),  # more than half of 9
        (9, OUTSIDE),
    ],
)
def test_too_much_missing_is_flagged_and_then_refused(gaps: int, verdict: Applicable) -> None:
    names = tuple(f"x{number}" for number in range(10))
    known = fitted_domain(rows_with_gaps(), declared(*names))
    row = [np.nan] * gaps + [50.0] * (9 - gaps) + [np.nan]
    found, reasons = said(known, row, names)
    assert found == verdict
    assert (
        reasons
        == {
            INSIDE: [],
            EDGE: ["less is recorded than for 99 in 100 training patients"],
            OUTSIDE: ["too little is recorded"],
        }[verdict]
    )


def test_a_tenth_of_a_record_may_lack_even_where_all_training_patients_had_everything() -> None:
    names = tuple(f"x{number}" for number in range(20))
    known = fitted_domain(np.random.default_rng(12).normal(50, 5, (500, 20)), declared(*names))
    for gaps, verdict in ((2, INSIDE), (3, EDGE), (10, EDGE), (11, OUTSIDE)):
        assert said(known, [np.nan] * gaps + [50.0] * (20 - gaps), names)[0] == verdict


def test_what_no_training_patient_had_recorded_is_neither_missing_nor_evaluated() -> None:
    names = tuple(f"x{number}" for number in range(10))
    known = fitted_domain(rows_with_gaps(), declared(*names))
    assert said(known, [50.0] * 9 + [1e9], names) == (INSIDE, [])


def test_a_combination_that_nobody_had_is_flagged_though_every_value_is_usual() -> None:
    rng = np.random.default_rng(6)
    age = rng.uniform(20, 80, 2000)
    years_ill = np.clip(age - 20 - rng.uniform(0, 15, 2000), 0, None)
    known = fitted_domain(np.column_stack([age, years_ill]), declared("age", "years_ill"))
    names = ("age", "years_ill")
    assert said(known, [70, 42], names) == (INSIDE, [])
    assert said(known, [30, 3], names) == (INSIDE, [])
    verdict, reasons = said(known, [25, 55], names)
    assert verdict > INSIDE
    assert reasons[0].startswith("the combination of values is unlike")
    assert known.assess(np.array([[25, np.nan]])).by_row["unlike_in_combination"][0] == INSIDE


def test_the_usual_distance_is_one_whatever_is_missing() -> None:
    rng = np.random.default_rng(7)
    common = rng.normal(0, 1, (4000, 1))
    rows = 50 + 5 * (common + 0.7 * rng.normal(0, 1, (4000, 6)))
    known = fitted_domain(rows[:2000], declared(*(f"x{number}" for number in range(6))))
    for gaps in (0, 1, 3, 5):
        fresh = rows[2000:].copy()
        fresh[:, :gaps] = np.nan
        assert (known.combinations.distance(fresh) ** 2).mean() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("patients", [10, 30, 58, 300])
def test_few_training_patients_do_not_put_most_others_at_the_edge(patients: int) -> None:
    rng = np.random.default_rng(8)

    def drawn(number: int) -> Floats:
        numbers = rng.gamma(2, 10, (number, 25))
        flags = (rng.random((number, 10)) < 0.15).astype(np.float64)
        rows = np.hstack([numbers, flags])
        rows[rng.random(rows.shape) < 0.1] = np.nan
        return rows

    features = declared(*(f"x{k}" for k in range(25)), flags=tuple(f"f{k}" for k in range(10)))
    verdict = fitted_domain(drawn(patients), features).assess(drawn(2000)).verdict
    assert (verdict == INSIDE).mean() > (0.9 if patients >= 58 else 0.5)
    assert (verdict == OUTSIDE).mean() < (0.01 if patients >= 58 else 0.1)


def test_fewer_than_ten_patients_give_no_domain() -> None:
    rows = np.random.default_rng(9).normal(50, 5, (10, 1))
    assert fit_applicability(rows[:9], declared("age"), ApplicabilitySettings()) is None
    assert fit_applicability(rows, declared("age"), ApplicabilitySettings()) is not None


def test_it_survives_being_taken_apart_to_the_bit_and_is_the_same_each_time() -> None:
    names = tuple(f"x{number}" for number in range(10))
    known = fitted_domain(rows_with_gaps(), declared(*names))
    arrays = to_arrays(known)
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float64)}
    rebuilt = to_arrays(from_arrays(arrays))
    again = to_arrays(fitted_domain(rows_with_gaps(), declared(*names)))
    for name, array in arrays.items():
        assert array.tobytes() == rebuilt[name].tobytes() == again[name].tobytes(), name


def test_a_patient_is_evaluated_alike_alone_and_among_others() -> None:
    known = fitted_domain(rows_with_gaps(), declared(*(f"x{number}" for number in range(10))))
    rows = rows_with_gaps(200) * np.random.default_rng(10).uniform(0.7, 1.3, (200, 10))
    together = known.assess(rows)
    for row in range(len(rows)):
        alone = known.assess(rows[row : row + 1])
        assert alone.verdict[0] == together.verdict[row]
        assert alone.concerns(0) == together.concerns(row)
    assert known.assess(rows[:0]).verdict.shape == (0,)
    assert len(np.unique(together.verdict)) > 1


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two synthetic cohorts of one mechanism."""
    folder = tmp_path_factory.mktemp("applicability")
    for seed, name in ((1, "training"), (2, "fresh")):
        write_cohort(simulate_cohort(1200, 6, seed), folder / name)
    return folder / "training", folder / "fresh"


def test_of_new_patients_of_the_same_kind_about_as_many_are_at_the_edge_as_is_stored(
    synthetic: tuple[Path, Path],
) -> None:
    cohort, fresh = (read_cohort(path) for path in synthetic)
    features = catalogue(cohort.protocol)
    for landmark in cohort.protocol.landmarks:
        fitted_on, new = (build_features(one, landmark) for one in (cohort, fresh))
        known = fitted_domain(fitted_on.values[fitted_on.ineligible == None], features)  # noqa: E711 - elementwise
        verdict = known.assess(new.values[new.ineligible == None]).verdict  # noqa: E711 - elementwise
        proportions = np.bincount(verdict, minlength=3) / len(verdict)
        assert known.proportions.sum() == pytest.approx(1)
        assert 0.005 < proportions[EDGE] < 0.05
        assert abs(proportions[EDGE] - known.proportions[EDGE]) < 0.02
        assert proportions[OUTSIDE] < 0.002


@pytest.mark.parametrize("name", ["days_since_last_dose", "days_since_last_rating"])
def test_four_months_where_everybody_had_about_a_week_are_outside(synthetic: tuple[Path, Path], name: str) -> None:
    cohort = read_cohort(synthetic[0])
    rows = build_features(cohort, cohort.protocol.landmarks[1])
    values = rows.values[rows.ineligible == None]  # noqa: E711 - elementwise
    known = fitted_domain(values, catalogue(cohort.protocol))
    late = values[:1].copy()
    late[0, rows.names.index(name)] = 120
    assert (
        known.assess(late).refusal(0, rows.names).endswith(f"{name} is far outside the range of the training patients")
    )


def test_patients_put_together_from_parts_of_others_are_mostly_not_inside(synthetic: tuple[Path, Path]) -> None:
    cohort = read_cohort(synthetic[0])
    landmark = cohort.protocol.landmarks[1]
    rows = build_features(cohort, landmark)
    values = rows.values[rows.ineligible == None]  # noqa: E711 - elementwise
    known = fitted_domain(values, catalogue(cohort.protocol))
    mixed = np.random.default_rng(11).permuted(values, axis=0)  # every value is somebody's, no row is anybody's
    assert (known.assess(values).verdict == INSIDE).mean() > 0.95
    assert (known.assess(mixed).verdict == INSIDE).mean() < 0.25


def test_an_ordinary_request_is_answered(synthetic: tuple[Path, Path]) -> None:
    cohort = read_cohort(synthetic[0])
    one = RecordReader(cohort.protocol).read(read_request(json.dumps(EXAMPLE)))
    for landmark in cohort.protocol.landmarks:
        rows = build_features(cohort, landmark)
        known = fitted_domain(rows.values[rows.ineligible == None], catalogue(cohort.protocol))  # noqa: E711 - elementwise
        assert known.assess(build_features(one, landmark).values).verdict[0] < OUTSIDE
