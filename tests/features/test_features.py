"""Every feature on a small record, its arithmetic written out; what was not recorded stays missing."""

import numpy as np
import pytest

from features.build import build_features
from features.catalogue import BUILT_IN, catalogue
from features.protocol_reading import parse_protocol
from tests.cohorts import cohort_of

RECORD = {
    "patients": """
        patient_id  age_years  sex     diagnosis  illness_duration_years  body_mass_index  benzodiazepine_mg  expectancy
        a           41         female  panic      12                      24.5             8                  7
    """,
    "prior_treatments": """
        patient_id  treatment       start_day  end_day  adequate  outcome
        a           ssri            -          -100     true      no_response
        a           snri            -400       -200     true      partial_response
        a           cbt             -          -730     false     response
        a           benzodiazepine  -50        -        -         -
        a           tms             -          -365     true      intolerance
        a           inpatient       -          -3000    true      -
        a           ketamine        -          -500     true      remission
        a           ketamine        -          -300     true      no_response
    """,
    "sessions": """
        patient_id  day  kind       session_number  route       dose_mg_per_kg  peak_dissociation  peak_distress  {}
        a  0   dosing         1  intramuscular  0.3  31  70  true
        a  2   psychotherapy  1  -              -    -   -   -
        a  7   dosing         2  intravenous    0.8  20  40  false
        a  9   psychotherapy  2  -              -    -   -   true
        a  14  dosing         3  intranasal     1.2  44  90  true
    """.format("adverse_event"),
    "assessments": """
        patient_id  day  instrument  score
        a           -9   gad7        12
        a           -2   gad7        18
        a           0    gad7        16
        a           3    gad7        14
        a           7    gad7        9
        a           14   gad7        6
        a           20   gad7        3
        a           -1   phq9        14
        a           7    phq9        10
        a           14   phq9        8
        a           20   phq9        2
    """,
}
COMORBID = """
        patient_id  comorbid_depression  comorbid_ptsd  comorbid_substance_use  comorbid_personality_disorder  {}
        a           true                 false          false                   true                           {}
""".format(
    "family_history_alcohol  childhood_trauma  insomnia  working_alliance",
    "true                    true              false     8.5",
)


def features_of(landmark: str = "before session 3", protocol: str = "", **tables: str) -> dict[str, float]:
    """The feature row of the only patient."""
    rules = parse_protocol(protocol)
    rows = build_features(cohort_of(rules, **tables), rules.landmark(landmark))
    assert len(rows.values) == 1
    return dict(zip(rows.names, rows.values[0].tolist(), strict=True))


# The ratings from the baseline on: days 0, 3, 7, 14 (mean 6), scores 16, 14, 9, 6 (mean 11.25).
PRODUCTS = (0 - 6) * (16 - 11.25) + (3 - 6) * (14 - 11.25) + (7 - 6) * (9 - 11.25) + (14 - 6) * (6 - 11.25)
SQUARES = (0 - 6) ** 2 + (3 - 6) ** 2 + (7 - 6) ** 2 + (14 - 6) ** 2

EXPECTED = {
    # GAD-7: 0 to 21, remission at most 4, reliable change 6; PHQ-9: 0 to 27
    "baseline_severity_share": 16 / 21,
    "baseline_distance_to_remission": (16 - 4) / 6,
    "drop_needed": (16 - 4) / 6,  # the band, which lies below a reliable drop, 16 - 6
    "second_scale_severity_share": 14 / 27,
    "illness_duration_years": 12,
    "baseline_ratings": 3,
    "mean_baseline_distance_to_remission": ((12 + 18 + 16) / 3 - 4) / 6,
    "prior_antidepressants_not_failed": 0,  # SSRI and SNRI are adequate failures
    "prior_other_medications_not_failed": 1,  # benzodiazepine
    "prior_psychotherapies_not_failed": 1,  # CBT
    "prior_stimulations_not_failed": 1,  # TMS; an intolerance is no failure
    "prior_intensive_treatments_not_failed": 1,  # inpatient; nor is an unknown outcome
    "adequate_failures": 3,  # SSRI, SNRI, the second course of ketamine
    "earlier_response": 1,  # CBT, the first course of ketamine
    "prior_ketamine_not_failed": 1,
    "ketamine_failures": 1,
    "ketamine_responses": 1,
    "benzodiazepine_running": 1,
    "benzodiazepine_mg": 8,
    "change_points": 16 - 6,
    "change_share": (16 - 6) / 16,
    "change_reliable": (16 - 6) / 6,
    "distance_to_remission": (6 - 4) / 6,
    "distance_to_criterion": (6 - 4) / 6,
    "mean_distance_to_criterion": ((14 + 9 + 6) / 3 - 4) / 6,
    "recent_distance_to_criterion": (6 - 4) / 6,  # the rating of day 7 came before the dose
    "change_after_session_1": (16 - 14) / 6,
    "slope_per_week": PRODUCTS / SQUARES * 7 / 6,
    "latest_severity_share": 6 / 21,
    "best_share": 6 / 21,
    "worst_share": 14 / 21,
    "in_remission_band": 0,
    "ratings_since_baseline": 3,
    "days_since_last_rating": 14 - 14,
    "dosing_sessions": 2,
    "psychotherapy_sessions": 2,
    "days_since_last_dose": 14 - 7,
    "days_between_doses": (7 - 0) / 1,
    "route_parenteral": 1,
    "route_intranasal": 0,
    "dose_relative_to_usual": (0.3 / 0.9 + 0.8 / 0.6) / 2,  # usual: intramuscular 0.9, intravenous 0.6 mg/kg
    "parenteral_dose_shortfall": 0.6 - (0.3 + 0.8) / 2,
    "dose_of_route_limit": 0.8 / 1.5,  # intravenous; the intramuscular 0.3 of 2 is less
    "peak_distress": 70,
    "peak_dissociation": 31,
    "adverse_events": 2,  # one in a dosing session, one in a psychotherapy session
    "second_scale_severity_now": 8 / 27,
    "age_years": 41,
    "sex_female": 1,
    "diagnosis_gad": 0,
    "diagnosis_social_anxiety": 0,
    "diagnosis_panic": 1,
    "diagnosis_agoraphobia": 0,
    "diagnosis_ptsd": 0,
    "diagnosis_ocd": 0,
    "diagnosis_mixed_anxiety_depression": 0,
    "diagnosis_depression": 0,
    "diagnosis_substance_use": 0,
    "diagnosis_other": 0,
    "body_mass_index": 24.5,
    "expectancy": 7,
}
EXPECTED_COMORBID = {
    "comorbid_depression": 1,
    "comorbid_ptsd": 0,
    "comorbid_substance_use": 0,
    "comorbid_personality_disorder": 1,
    "family_history_alcohol": 1,
    "childhood_trauma": 1,
    "insomnia": 0,
    "working_alliance": 8.5,
}
COUNTS_WITHOUT_RECORD = {"baseline_ratings", "ratings_since_baseline", "dosing_sessions", "psychotherapy_sessions"}


def test_every_feature_has_its_arithmetic_here() -> None:
    assert {feature.name for feature in BUILT_IN} == EXPECTED.keys() | EXPECTED_COMORBID.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_value(name: str) -> None:
    assert features_of(**RECORD)[name] == pytest.approx(EXPECTED[name], rel=1e-12)


def test_comorbidity() -> None:
    row = features_of(**RECORD | {"patients": COMORBID})
    assert {name: row[name] for name in EXPECTED_COMORBID} == EXPECTED_COMORBID


def test_nothing_recorded_is_missing_and_only_counts_of_the_course_are_zero() -> None:
    row = features_of("fixed", FIXED, patients="patient_id\na", assessments="patient_id day instrument score")
    assert {name for name, value in row.items() if not np.isnan(value)} == COUNTS_WITHOUT_RECORD
    assert {row[name] for name in COUNTS_WITHOUT_RECORD} == {0}


def test_a_landmark_not_reached_has_no_values_at_all() -> None:
    row = features_of(**RECORD | {"sessions": "patient_id day kind session_number\na 0 dosing 1"})
    assert np.isnan(list(row.values())).all()


FIXED = '[[landmarks]]\nname = "fixed"\nday = 14\n'
RATED = "patient_id  day  instrument  score\na           0    gad7        16"
HISTORY = [feature.name for feature in BUILT_IN if feature.group == "treatment history"]
ASKED_FOR = [name for name in HISTORY if name != "benzodiazepine_mg"]  # a column of the patient, not of the history


class TestHistory:
    BASELINE = "patient_id  day  instrument  score\na           0    gad7        16"

    def history(self, patients: str, **tables: str) -> dict[str, float]:
        row = features_of("fixed", FIXED, patients=patients, assessments=self.BASELINE, **tables)
        return {name: row[name] for name in ASKED_FOR}

    def test_never_asked_is_missing(self) -> None:
        assert np.isnan(list(self.history("patient_id\na").values())).all()

    def test_never_asked_stays_missing_whatever_is_listed(self) -> None:
        table = {"prior_treatments": "patient_id  treatment\na           ssri"}
        values = self.history("patient_id  prior_treatments_recorded\na           false", **table)
        assert np.isnan(list(values.values())).all()

    @pytest.mark.parametrize("tables", [{}, {"prior_treatments": "patient_id  treatment"}])
    def test_asked_and_none_is_zero(self, tables: dict[str, str]) -> None:
        values = self.history("patient_id  prior_treatments_recorded\na           true", **tables)
        assert set(values.values()) == {0}

    def test_a_table_of_the_history_says_that_everyone_was_asked(self) -> None:
        values = self.history("patient_id\na", prior_treatments="patient_id  treatment")
        assert values["adequate_failures"] == 0

    @pytest.mark.parametrize(
        ("treatment", "feature"),
        [
            ("ssri", "prior_antidepressants_not_failed"),
            ("snri", "prior_antidepressants_not_failed"),
            ("tricyclic", "prior_antidepressants_not_failed"),
            ("maoi", "prior_antidepressants_not_failed"),
            ("benzodiazepine", "prior_other_medications_not_failed"),
            ("buspirone", "prior_other_medications_not_failed"),
            ("pregabalin", "prior_other_medications_not_failed"),
            ("antipsychotic", "prior_other_medications_not_failed"),
            ("beta_blocker", "prior_other_medications_not_failed"),
            ("other_medication", "prior_other_medications_not_failed"),
            ("cbt", "prior_psychotherapies_not_failed"),
            ("other_psychotherapy", "prior_psychotherapies_not_failed"),
            ("tms", "prior_stimulations_not_failed"),
            ("ect", "prior_stimulations_not_failed"),
            ("ketamine", "prior_ketamine_not_failed"),
            ("inpatient", "prior_intensive_treatments_not_failed"),
            ("substance_use_treatment", "prior_intensive_treatments_not_failed"),
        ],
    )
    def test_every_treatment_counts_in_one_class(self, treatment: str, feature: str) -> None:
        values = self.history("patient_id\na", prior_treatments=f"patient_id  treatment\na           {treatment}")
        classes = [name for name in ASKED_FOR if name.endswith("_not_failed")]
        assert [name for name in classes if values[name] == 1] == [feature]

    @pytest.mark.parametrize("treatment", ["ssri", "benzodiazepine", "cbt", "ect", "inpatient", "ketamine"])
    @pytest.mark.parametrize(
        ("adequate", "outcome", "failed", "responded"),
        [
            ("true", "no_response", 1, 0),
            ("true", "partial_response", 1, 0),
            ("true", "response", 0, 1),
            ("true", "remission", 0, 1),
            ("true", "intolerance", 0, 0),
            ("true", "-", 0, 0),
            ("false", "no_response", 0, 0),
            ("-", "no_response", 0, 0),
            ("false", "response", 0, 1),
        ],
    )
    def test_a_treatment_is_an_adequate_failure_or_counts_in_its_class(
        self, treatment: str, adequate: str, outcome: str, failed: int, responded: int
    ) -> None:
        table = f"patient_id  treatment  adequate  outcome  end_day\na  {treatment}  {adequate}  {outcome}  -90"
        values = self.history("patient_id\na", prior_treatments=table)
        assert values["adequate_failures"] == failed
        assert sum(value for name, value in values.items() if name.endswith("_not_failed")) == 1 - failed
        assert values["earlier_response"] == responded
        ketamine = treatment == "ketamine"
        assert (values["ketamine_failures"], values["ketamine_responses"]) == (failed * ketamine, responded * ketamine)

    def test_two_responses_are_one_yes(self) -> None:
        table = "patient_id  treatment  outcome\na  ssri  response\na  cbt  remission"
        assert self.history("patient_id\na", prior_treatments=table)["earlier_response"] == 1

    def test_what_has_ended_is_not_running(self) -> None:
        table = """
            patient_id  treatment       end_day
            a           benzodiazepine  0
            a           ssri            -100
        """
        assert self.history("patient_id\na", prior_treatments=table)["benzodiazepine_running"] == 0


class TestEarlyResponse:
    def response(self, ratings: str, sessions: str = "", instrument: str = "gad7") -> dict[str, float]:
        """The row at day 14 after ``day:score`` ratings and dosing sessions on these days."""
        lines = [f"a  {day}  {instrument}  {score}" for day, score in (entry.split(":") for entry in ratings.split())]
        doses = [f"a  {day}  dosing  {number}" for number, day in enumerate(sessions.split(), start=1)]
        tables = {
            "assessments": "\n".join(["patient_id  day  instrument  score", *lines]),
            "sessions": "\n".join(["patient_id  day  kind  session_number", *doses]),
        }
        return features_of("fixed", FIXED, **tables)

    def test_without_a_rating_after_day_0_the_change_is_missing(self) -> None:
        row = self.response("-3:14 0:16")
        missing = ("change_points", "change_share", "change_reliable", "change_after_session_1", "slope_per_week")
        assert np.isnan([row[name] for name in (*missing, "best_share", "worst_share", "in_remission_band")]).all()
        assert row["ratings_since_baseline"] == 0
        assert row["days_since_last_rating"] == 14 - 0

    def test_the_distance_to_remission_falls_back_on_the_baseline(self) -> None:
        assert self.response("0:16")["distance_to_remission"] == (16 - 4) / 6
        assert self.response("0:16 3:1")["distance_to_remission"] == (1 - 4) / 6

    @pytest.mark.parametrize(("score", "inside"), [(3, 1), (4, 1), (5, 0)])
    def test_remission_band(self, score: int, inside: int) -> None:
        assert self.response(f"0:16 7:{score}")["in_remission_band"] == inside

    def test_the_latest_rating_decides_the_band_and_not_the_best(self) -> None:
        assert self.response("0:16 7:2 10:8")["in_remission_band"] == 0

    def test_a_rating_on_the_day_of_session_1_came_before_the_dose(self) -> None:
        assert self.response("-3:21 0:16 6:8", sessions="0")["change_after_session_1"] == (16 - 8) / 6

    def test_without_a_rating_after_the_last_dose_there_is_no_recent_distance(self) -> None:
        row = self.response("0:20 6:17", sessions="0 7")
        assert np.isnan(row["recent_distance_to_criterion"])

    def test_a_reliable_drop_decides_where_it_is_asked_for_and_lies_below_the_band(self) -> None:
        """From 8 on the GAD-7 a reliable drop ends at 2."""
        protocol = FIXED + "[remission]\nrequire_reliable_drop = {}\n"
        table = "patient_id  day  instrument  score\na  0  gad7  8\na  7  gad7  5"
        for asked, criterion in (("true", 8 - 6), ("false", 4)):
            row = features_of("fixed", protocol.format(asked), assessments=table)
            assert row["drop_needed"] == (8 - criterion) / 6
            assert row["distance_to_criterion"] == row["mean_distance_to_criterion"] == (5 - criterion) / 6

    def test_without_a_session_nothing_came_after_it(self) -> None:
        assert np.isnan(self.response("0:16 5:10")["change_after_session_1"])

    def test_the_slope_starts_at_the_baseline_rating(self) -> None:
        assert self.response("-9:21 -2:16 5:9")["slope_per_week"] == pytest.approx((9 - 16) / 7 * 7 / 6)

    def test_a_scale_that_does_not_start_at_zero(self) -> None:
        """CGI-S: 1 to 7, remission at most 2, reliable change 2."""
        protocol = FIXED + '[remission]\ninstrument = "cgi_s"\n'
        table = "patient_id  day  instrument  score\na  0  cgi_s  6\na  7  cgi_s  4"
        row = features_of("fixed", protocol, assessments=table)
        assert row["baseline_severity_share"] == (6 - 1) / (7 - 1)
        assert row["best_share"] == (4 - 1) / (7 - 1)
        assert row["change_share"] == (6 - 4) / (6 - 1)

    def test_a_worsening_by_more_than_the_whole_way_counts_as_the_whole_way(self) -> None:
        protocol = FIXED + '[remission]\nstate = "at_landmark"\ninstrument = "gad7"\n'
        for latest, share in ((3, -1 / 2), (4, -2 / 2), (5, -1), (21, -1)):
            table = f"patient_id  day  instrument  score\na  0  gad7  2\na  7  gad7  {latest}"
            assert features_of("fixed", protocol, assessments=table)["change_share"] == share

    def test_from_the_bottom_of_the_scale_there_is_no_way_down(self) -> None:
        table = "patient_id  day  instrument  score\na  0  gad7  0\na  7  gad7  3"
        protocol = FIXED + '[remission]\nstate = "at_landmark"\ninstrument = "gad7"\n'
        assert np.isnan(features_of("fixed", protocol, assessments=table)["change_share"])

    def test_one_dose_has_no_gap(self) -> None:
        assert np.isnan(self.response("0:16", sessions="0")["days_between_doses"])
        assert self.response("0:16", sessions="0 7 14")["days_between_doses"] == (14 - 0) / 2

    def test_adverse_events_recorded_for_no_session_are_missing(self) -> None:
        sessions = "patient_id  day  kind  session_number  adverse_event\na  0  dosing  1  {}\na  7  dosing  2  -"
        ratings = "patient_id  day  instrument  score\na  0  gad7  16"
        for cell, expected in (("-", np.nan), ("false", 0), ("true", 1)):
            row = features_of("fixed", FIXED, assessments=ratings, sessions=sessions.format(cell))
            np.testing.assert_equal(row["adverse_events"], expected)


class TestSecondScale:
    def second(self, ratings: str, primary: str = '["gad7", "hama", "phq9"]') -> tuple[float, float]:
        lines = [f"a  {day}  {name}  {score}" for name, day, score in (entry.split(":") for entry in ratings.split())]
        table = "\n".join(["patient_id  day  instrument  score", *lines])
        row = features_of("fixed", FIXED + f"[remission]\ninstrument = {primary}\n", assessments=table)
        return row["second_scale_severity_share"], row["second_scale_severity_now"]

    def test_depression_scales_come_first_in_their_order(self) -> None:
        assert self.second("gad7:0:16 hama:0:28 madrs:0:30 phq9:0:9") == (9 / 27, 9 / 27)
        assert self.second("gad7:0:16 hama:0:28 madrs:0:30") == (30 / 60, 30 / 60)

    def test_another_scale_stands_in(self) -> None:
        assert self.second("gad7:0:16 hama:0:28 hama:7:14") == (28 / 56, 14 / 56)

    def test_where_depression_is_primary_another_scale_is_second(self) -> None:
        assert self.second("phq9:0:20 hama:0:28", primary='["phq9"]') == (28 / 56, 28 / 56)

    def test_a_scale_with_a_baseline_comes_first(self) -> None:
        assert self.second("gad7:0:16 phq9:3:20 hama:0:28") == (28 / 56, 28 / 56)

    def test_without_one_the_first_other_scale_rated_since_tells_how_ill_the_patient_is_now(self) -> None:
        np.testing.assert_equal(self.second("gad7:0:16 hama:2:28 phq9:3:20 phq9:9:18"), (np.nan, 18 / 27))
        np.testing.assert_equal(self.second("gad7:0:16 gad7:3:15"), (np.nan, np.nan))

    def test_an_experience_is_not_a_scale_of_severity(self) -> None:
        assert np.isnan(self.second("gad7:0:16 cadss:0:30")).all()


@pytest.mark.parametrize(("column", "cell", "feature", "expected"), [
    ("sex", "male", "sex_female", 0),
    ("sex", "intersex", "sex_female", 0),
    ("diagnosis", "agoraphobia", "diagnosis_agoraphobia", 1),
    ("diagnosis", "agoraphobia", "diagnosis_panic", 0),
    ("diagnosis", "depression", "diagnosis_depression", 1),
    ("diagnosis", "gad", "diagnosis_gad", 1),
    ("diagnosis", "social_anxiety", "diagnosis_social_anxiety", 1),
    ("diagnosis", "ptsd", "diagnosis_ptsd", 1),
    ("diagnosis", "ocd", "diagnosis_ocd", 1),
    ("diagnosis", "other", "diagnosis_ocd", 0),
])  # fmt: skip
def test_categories(column: str, cell: str, feature: str, expected: int) -> None:
    ratings = "patient_id  day  instrument  score\na  0  gad7  16"
    row = features_of("fixed", FIXED, patients=f"patient_id  {column}\na  {cell}", assessments=ratings)
    assert row[feature] == expected


ANOTHER_EXPECTANCY = """
    [[covariates]]
    name = "expectancy"
    kind = "number"
    minimum = 0
    maximum = 100
    meaning = "expectation in per cent"
    [[covariates]]
    name = "remote"
    kind = "binary"
    meaning = "treated at home"
"""


def test_covariates_follow_the_built_in_features() -> None:
    """One with the name of a built-in column takes that column's place."""
    patients = "patient_id  expectancy  remote\na  75  true"
    row = features_of("fixed", FIXED + ANOTHER_EXPECTANCY, patients=patients, assessments=RATED)
    assert list(row) == [feature.name for feature in BUILT_IN] + ["remote"]
    assert (row["expectancy"], row["remote"]) == (75, 1)


def test_a_covariate_keeps_the_sign_and_the_source_of_the_built_in_feature_whose_place_it_takes() -> None:
    protocol = parse_protocol(FIXED + ANOTHER_EXPECTANCY)
    (built_in,) = (feature for feature in BUILT_IN if feature.name == "expectancy")
    (declared,) = (feature for feature in catalogue(protocol) if feature.name == "expectancy")
    assert (declared.minimum, declared.maximum, declared.unit) == (0, 100, "as declared")
    assert declared.meaning == "expectation in per cent"
    signs = ("group", "remission_sign", "relapse_sign", "source")
    assert [getattr(declared, name) for name in signs] == [getattr(built_in, name) for name in signs]
    assert [column.maximum for column in protocol.tables["patients"] if column.name == "expectancy"] == [100]
