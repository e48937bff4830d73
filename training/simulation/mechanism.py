"""The numbers of the synthetic mechanism, each with its source.

Tags: [seen] in the cited source; [recalled] not verified; [derived] arithmetic on seen figures; [judgement] ours.
Scores are written in *reliable-change units above the remission cut-off*, (score - remission_at_most) /
reliable_change of the instrument, so that one mechanism serves every scale.
"""

from dataclasses import dataclass

MAXIMUM_SESSIONS = 6
"""Four sessions in Hull 2022, six in Parks and in Oliver 2022, mean 4 in Yermus 2024 [seen]."""

PLANNED_SESSIONS = {5: 0.5, 6: 0.5}
"""Share of the sites by planned number of acute dosing sessions [judgement]."""

SESSION_GAP_DAYS = {6: 0.15, 7: 0.55, 8: 0.20, 9: 0.10}
"""Days between dosing sessions: weekly in Hull 2022 and Aycart 2023 [seen]; the spread is [judgement]."""

LANDMARK_DAYS_AFTER_SESSION_2 = 14
"""Latest day of the third landmark, whether session 3 comes or not: the protocol's ``else_days``."""

DECIDING_DAYS_AFTER_LAST_SESSION = (15, 24)
"""Range of the days of the end-of-course rating: around the middle of the remission window, and after every landmark,
so that it is known at none [judgement]."""

RATED_DAYS_AFTER_SESSION_2 = 6
"""The rating between sessions 2 and 3 is made by telephone on this day, whether or not session 3 follows, so that it
does not reveal that; it lies outside the remission window [judgement]."""

CALL_DAYS_AFTER_DOSE = (2, 3)
"""Days after each dosing session on which the patient is called and rated [judgement]."""

RATED_BEFORE_DAY_0, RATED_ON_DAY_0, RATED_AT_VISIT = 0.9, 0.99, 0.98
"""Share of the patients rated once before day 0, on day 0, and at each later visit of the course [judgement]."""

CALLED_AFTER_DOSE = (0.92, 1.0)
"""Range over the sites of the share of the calls that reach the patient [judgement]."""

WITH_PHQ9, PHQ9_RATED = 0.6, 0.95
"""Share of the patients followed with the PHQ-9 too, and of their visits at which it is filled in [judgement]."""

COURSE_DROPOUT = 0.17
"""Premature end of the course: 17.0% of psychotherapy for generalised anxiety, 45 studies [seen]."""

DIP_PER_UNIT, DIP_TIME_CONSTANT_DAYS, DIP_ENDS_AFTER_DAYS = 0.38, 3.0, 10
"""Temporary relief after a dose, as a share of the patient's amplitude: SMD -1.17 below 12 h, -0.40 at 7-14 d, Hartland
2023 [seen]; three days and the end after ten days are [judgement]."""

DIP_LOST_PER_BENZODIAZEPINE_MG = 0.015
"""Share of the temporary relief lost per mg: dose-dependent at day 1, gone by day 3, n=99 RCT, Feeney 2022 [seen]; size
[judgement]."""

NOISE_SD = 0.361
"""Measurement error of one rating: a reliable change is 1.96 * sqrt(2) standard errors [derived]."""

COURSE_SD = 0.53
"""Other influences on the patient between session 3 and the end-of-course rating [judgement]."""


@dataclass(frozen=True)
class Trajectory:
    """One trajectory class: prior share, amplitude and the share of it reached after each dosing session."""

    name: str
    share: float
    amplitude: float
    amplitude_sd: float
    amplitude_per_severity: float
    covariate_weight: float
    reached_after_session: tuple[float, ...]


TRAJECTORIES = (
    Trajectory("improvement", 0.793, 1.50, 0.42, 0.60, 1.0, (0.0, 0.45, 0.72, 0.87, 0.94, 0.98, 1.0)),
    Trajectory("chronic", 0.114, 0.35, 0.50, 0.0, 0.3, (0.0, 0.45, 0.72, 0.87, 0.94, 0.98, 1.0)),
    Trajectory("delayed", 0.093, 1.60, 0.42, 0.60, 1.0, (0.0, 0.25, 0.47, 0.70, 0.87, 0.96, 1.0)),
)
"""Shares 79.3 / 11.4 / 9.3%, Hull 2022 [seen]. Most of the gain by session 2, more to session 6: Hull 2022, Davis and
Oliver 2022 (47.6, 62.9, 72% response after 3, 4, 10 doses) [derived]. Amplitudes are set so that response and remission
come near Hull 2022 and McInnes 2022 (54-63%, 29-31%) [judgement]; the more severe gain more, Dore 2019 [seen]."""

STRATA = ((2.12, 0.40), (1.42, 0.28))
"""Baseline severity (mean, standard deviation) of the severe and the milder stratum, GAD-7 16.7 and 12.5: one stratum
alone cannot give both response and remission of Hull 2022 [derived]."""

SEVERE_SHARE = 0.72
"""Share of the severe stratum; sites differ by about 0.08 either way [judgement]."""

SEVERITY_CENTRE = 1.924
"""Mean baseline severity over the strata, around which amplitude and relapse depend on it [derived]."""

PHQ9_LOADING, PHQ9_OFFSET, PHQ9_OFFSET_SD = 0.75, (-0.15, 0.55), 0.75
"""PHQ-9 follows the primary scale (anxiety and depression change correlate, R2 .62 and .77, Hartland 2023 [seen]);
the offset is without and with a depressive disorder [judgement]."""

ODDS_TO_AMPLITUDE = 0.55
"""Amplitude per unit of log odds of remission: about 0.7 standard deviations of the amplitude, the later course and the
measurement error together [judgement]."""


@dataclass(frozen=True)
class Effect:
    """Odds ratio of remission and hazard ratio of relapse of one patient column, per ``scale`` above ``centre``.

    A value that is not recorded counts as the centre.
    """

    column: str
    centre: float
    scale: float
    remission_odds_ratio: float
    relapse_hazard_ratio: float
    source: str


EFFECTS = (
    Effect("age_years", 41, 12, 1.05, 1.0, "older better, Dore 2019 [seen]; size [judgement]"),
    Effect("illness_duration_years", 12, 9, 0.85, 1.22, "chronic course: HARP, Bruce 2005 [seen]; size [judgement]"),
    Effect("comorbid_depression", 0.45, 1, 0.78, 1.75, "HARP [seen]; residual PHQ-9 HR 1.90, Ali 2017 [seen]"),
    Effect("comorbid_ptsd", 0.15, 1, 1.10, 1.0, "trauma gains more, Dore 2019 [seen]; size [judgement]"),
    Effect("comorbid_substance_use", 0.10, 1, 0.80, 1.40, "HARP, Bruce 2005 [seen]; size [judgement]"),
    Effect("comorbid_personality_disorder", 0.15, 1, 0.65, 1.80, "Lorimer 2021, Hilbert 2020 [seen]; size [judgement]"),
    Effect("family_history_alcohol", 0.25, 1, 1.35, 1.0, "Niciu 2014, beta -0.41 at day 7 [seen]; size [judgement]"),
    Effect("body_mass_index", 27, 5, 1.05, 1.0, "Niciu 2014, fading by day 7 [seen]; size [judgement]"),
    Effect("benzodiazepine_mg", 2, 10, 0.85, 1.0, "Andrashko 2020, by dose Feeney 2022 [seen]; size [judgement]"),
    Effect("failed_treatments", 1.6, 1, 0.90, 1.15, "inconsistent, Lima Constantino 2025 [seen]; size [judgement]"),
    Effect("expectancy", 6, 2, 1.25, 1.0, "r=.18, k=81, Constantino 2018 [seen]"),
    Effect("working_alliance", 7, 1.7, 1.40, 0.90, "r=.278, k=295, Flueckiger 2018 [seen]; relapse [judgement]"),
)
"""Every effect is small, as the systematic review of 44 studies finds (Lima Constantino 2025 [seen]). Sex has no
effect, dissociation has none (Hartland 2023, TRANSFORM n=576 [seen]), dose and psychotherapy have none [judgement]."""

DIAGNOSES = {
    "gad": (0.42, 1.10),
    "social_anxiety": (0.13, 0.75),
    "panic": (0.08, 1.0),
    "agoraphobia": (0.03, 0.68),
    "ptsd": (0.12, 1.15),
    "ocd": (0.05, 0.72),
    "mixed_anxiety_depression": (0.13, 0.95),
    "other": (0.04, 1.0),
}
"""Share [judgement] and odds ratio of remission: lowest in OCD and social anxiety, highest in PTSD (100 CBT trials
[seen]); agoraphobia response HR 0.67, Schat 2013 [seen]; sizes [judgement]."""

PRIMARY_INSTRUMENT = {
    "gad": {"gad7": 0.82, "hama": 0.18},
    "social_anxiety": {"lsas": 0.70, "gad7": 0.30},
    "panic": {"pdss": 0.70, "gad7": 0.30},
    "agoraphobia": {"pdss": 0.50, "gad7": 0.50},
    "ptsd": {"pcl5": 0.75, "gad7": 0.25},
    "ocd": {"ybocs": 0.80, "gad7": 0.20},
    "mixed_anxiety_depression": {"gad7": 0.85, "hama": 0.15},
    "other": {"gad7": 1.0},
}
"""Scale on which a patient of that diagnosis is followed [judgement]."""

CLASS_LOG_ODDS_PER_RISK = {"chronic": 0.35, "delayed": 0.10}
"""Log odds against the improvement class per unit of unfavourable log odds of remission [judgement]: weak."""

SITE_AMPLITUDE_SD, SITE_RELAPSE_SD = 0.03, 0.15
"""Differences between sites that nothing recorded explains: between-setting SD of an AUC is .055 [seen]; sizes
[judgement]."""

FRAILTY_VARIANCE, HAZARD_SHAPE, HAZARD_SCALE_DAYS = 0.5, 0.67, 205.0
"""Relapse without maintenance: 30-35% at 3, 45% at 6, 55-60% at 12 months, between Ali 2017 (53%, 79% of it in the
first six months) and Ekstrand 2022 (70%) [derived]; a declining hazard, as shape 0.48 of Ali 2017 [derived]."""

RELAPSE_HAZARD_RATIO_PER_SEVERITY = 1.5
"""Baseline severity per reliable change: OR 1.07 a point, PREDICTR 2024 [seen], to the sixth power [derived]."""

RESIDUAL_EDGES = (-0.55, -0.30, -0.10)
"""Upper edges of the lower three residual levels in reliable-change units: GAD-7 0, 1-2, 3, 4 [judgement]."""

RESIDUAL_HAZARD_RATIOS = (0.70, 0.90, 1.10, 1.35)
"""Relapse by residual level; the highest against the lowest 1.9: residual symptoms HR 1.3-1.9, Ali 2017 [seen]."""

MAINTENANCE_HAZARD_RATIO = 0.42
"""Given the frailty; about 0.5 over all patients: SUSTAIN-1 HR 0.49 (0.29-0.84) [seen]."""

MAINTENANCE_AFTER_SESSIONS = 3
"""Fewest sessions before planned maintenance: an earlier dose would count as session 2 or 3 [judgement]."""

MAINTENANCE_LOG_ODDS_BY_LEVEL = (-0.5, -0.15, 0.2, 0.6)
"""Maintenance is more frequent with more residual symptoms: confounding by indication [judgement]."""

MAINTENANCE_LOG_ODDS_NOT_REMITTED = -0.6
"""Patients not in remission get further doses too, without effect here [judgement]."""

LOSS_PER_SCORE, LOSS_PER_SEVERITY, LOSS_PER_ADVERSE_EVENT = 0.65, 0.25, 0.6
"""Log odds of missing the end-of-course rating per reliable change of the last score, of baseline severity, and after
an adverse event [judgement]."""

CLINIC_OBSERVED, CLINIC_DROPOUT_PER_VISIT = 0.38, 0.27
"""The poorest site: 18% evaluable at 3 and 5% at 6 months, Yermus 2024 (346 and 94 of 1,806, loss 82 and 95%
[seen])."""

RETURNS_AFTER_MISSING = 0.25
"""Share of those without an end-of-course rating who are seen again [judgement]."""

LOSS_LATER_PER_SCORE = 0.25
"""Log odds of being lost before the next visit per reliable change of the last score [judgement]."""

VISIT_DAYS = (28, 56, 84, 112, 140, 168, 224, 273, 322, 364)
"""Follow-up after the deciding reading, four-weekly to 24 weeks, then sparser, each up to four days early or late
[judgement]."""

FOLLOW_UP_NOISE_SD, RELAPSE_RISE, WANING_PER_YEAR = 0.25, 0.35, 0.45
"""Ratings in remission; rise above the relapse threshold; share of the change that patients not in remission lose in a
year (d .75-.86 at 3, .61-.73 at 6 months, Yermus 2024 [seen]); sizes [judgement]."""

COMPETING_PER_YEAR = {"new_treatment": 0.035, "death": 0.003}
"""A few per cent a year [judgement]."""

RELAPSE_BY_EVENT = 0.20
"""Share of relapses that are also recorded as an event, not by a rating only [judgement]."""

ADVERSE_EVENT_PER_SESSION = 0.027
"""About 11% of the patients: 3.0-4.8% Mathai 2024 at home, 18.8% Aycart 2023 [seen]."""

DISSOCIATION_FIRST, DISSOCIATION_LATER = 22.0, 10.0
"""Mean CADSS peak at the first and at late sessions: 20 in week 1, 8.8 in week 14, Glue 2018 [seen]."""

SYSTOLIC_RISE_MMHG = 10.0
"""About +10 mmHg at 30 min, 1 mg/kg subcutaneous, Glue 2018 [seen]."""

ROUTES = {"sublingual": 0.35, "intramuscular": 0.35, "intravenous": 0.15, "subcutaneous": 0.15}
"""Share of the sites [judgement]; the usual dose of a route is declared in ``features.definitions.route_dose``."""
