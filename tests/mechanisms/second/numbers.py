"""The numbers of the second mechanism; nothing is drawn or computed here.

Only the mechanism's own rates and the discrimination of its own true probabilities were looked at when they were
chosen, never an answer of the product. Tags: [seen] stood in the cited source; [judgement] ours. A *level* is the
distance above the remission cut-off in points of the GAD-7; another scale has its own number of points per level.
"""

from dataclasses import dataclass

MOST_SESSIONS = 6
"""Four sessions in Hull 2022, six in Parks and in Oliver 2022 [seen]."""

GAP_DAYS = {6: 0.15, 7: 0.65, 8: 0.20}
"""Days between dosing sessions: weekly in Hull 2022 [seen]; the spread is [judgement]. Six sessions end by day 40."""

ELSE_DAYS = 14
"""The third landmark is at the latest so many days after session 2: the protocol's default."""

DECIDING_DAYS = (16, 23)
"""The end-of-course rating comes from 16 to 22 days after the last session, around the middle of the window."""

POINTS_PER_LEVEL = {"gad7": 1.0, "lsas": 2.5}
"""A baseline of 14.5 on the GAD-7 is one of 61 on the LSAS, both moderate [judgement]."""


@dataclass(frozen=True)
class Site:
    """One site: share of the patients, planned sessions, and what nothing recorded explains.

    ``moving`` shifts the log-odds of the moving state, ``severity`` the baseline in levels, ``leaving`` and ``lost``
    the log-odds of ending the course early and of being lost.
    """

    name: str
    share: float
    planned: int
    route: str
    dose_mg_per_kg: float
    moving: float
    severity: float
    leaving: float
    lost: float


SITES = (
    Site("north", 0.20, 4, "sublingual", 5.0, 0.15, 0.3, 0.0, -0.3),
    Site("south", 0.17, 4, "sublingual", 4.5, -0.10, -0.4, 0.2, 0.1),
    Site("east", 0.14, 4, "intramuscular", 0.9, 0.05, 0.0, -0.2, 0.4),
    Site("west", 0.13, 6, "intravenous", 0.6, -0.20, 0.6, 0.1, -0.2),
    Site("harbour", 0.12, 4, "intramuscular", 1.0, 0.20, -0.2, -0.1, 0.0),
    Site("hill", 0.10, 6, "subcutaneous", 1.0, -0.15, 0.2, 0.3, 0.3),
    Site("river", 0.08, 4, "intravenous", 0.5, 0.10, -0.6, -0.3, -0.4),
    Site("market", 0.06, 4, "sublingual", 6.0, -0.05, 0.1, 0.0, 0.6),
)
"""Eight sites, the same for every cohort, so that fresh patients come from the sites of the training [judgement]."""

DIAGNOSES = {"gad": 0.50, "social_anxiety": 0.16, "panic": 0.12, "ptsd": 0.10, "mixed_anxiety_depression": 0.12}
"""Shares [judgement]. Social anxiety is followed with the LSAS, every other diagnosis with the GAD-7."""

BASELINE_LEVEL, BASELINE_SD, LOWEST_BASELINE = 10.3, 2.9, 6.0
"""GAD-7 of about 14.5 at baseline, 10 at least: Hull 2022 [seen]; the spread is [judgement]."""

PROPORTIONS = {
    "comorbid_depression": 0.45,
    "comorbid_ptsd": 0.15,
    "comorbid_substance_use": 0.12,
    "comorbid_personality_disorder": 0.20,
    "family_history_alcohol": 0.28,
}
"""Share of the patients with each [judgement]."""

NOT_RECORDED = {
    "illness_duration_years": 0.12,
    "comorbid_depression": 0.06,
    "comorbid_substance_use": 0.08,
    "comorbid_personality_disorder": 0.15,
    "family_history_alcohol": 0.20,
    "benzodiazepine_mg": 0.08,
    "expectancy": 0.12,
    "failures": 0.12,
    "phq9": 0.30,
}
"""Share of the cells that are not recorded, completely at random; the value acts all the same [judgement]."""

PHQ9_MEAN, PHQ9_SD = (9.0, 14.5), 4.2
"""PHQ-9 at baseline without and with a depressive disorder [judgement]."""

# The course: a hidden weekly state, moving or stuck.
MOVING = 1.2
SEVERITY_TURNS_AT, SEVERITY_BELOW, SEVERITY_BEYOND = 11.0, 0.16, -0.38
"""The more severe move more, up to a GAD-7 of 15; beyond that less: the sign turns. More gain when severe: Dore 2019
[seen]; less remission when severe: McInnes 2022 [seen]; the turn is [judgement]."""
MANY_FAILURES, FAILURES_LOSE = 3, -1.15
"""From three adequate failures on, and not before [judgement]."""
EXPECTANCY_PER_POINT, EXPECTANCY_HELPS_BELOW_AGE = 0.30, 50
"""Expectancy helps (GAD trial, OR 1.69 [seen]), in the younger only [judgement]."""
DEPRESSION, HIGH_BENZODIAZEPINE_MG, DEPRESSION_ON_BENZODIAZEPINE = -0.25, 8.0, -1.3
"""Above 8 mg less response: Andrashko 2020 [seen]; among the depressed only [judgement]."""
PERSONALITY, LONG_ILLNESS_YEARS, PERSONALITY_LONG_ILL = -0.15, 15.0, -1.1
"""Personality disorder: Lorimer 2021 [seen]; mostly with a long illness [judgement]."""
FAMILY_HISTORY = 0.65
"""Niciu 2014 [seen]; with at most one failure only [judgement]."""
SOCIAL_ANXIETY = -0.35
"""Remission lowest in OCD and social anxiety: 100 CBT trials [seen]; size [judgement]."""

STARTS_MOVING, STARTS_MOVING_PER_LOG_ODDS = -1.7, 0.5
STOPS_MOVING, STOPS_MOVING_PER_LOG_ODDS = -2.3, -0.4
"""Weekly log-odds of leaving either state [judgement]."""
EARLY_DROP, SWITCH_FAILURES, SWITCH_SHUT = 2.0, 2, 0.02
"""Who has not dropped by so many levels at session 2 and has two failures hardly ever starts to move: both
conditions together. Early change predicts: Beard & Delgadillo 2019 [seen]; the switch is [judgement]."""

MOVES_TO, MOVES_BY, MOVING_SD = -2.3, 0.36, 2.7
STUCK_AT_SHARE, STUCK_BY, STUCK_SD = 0.78, 0.20, 2.4
"""A week's rating: a share of the way to a target, and the spread, in levels [judgement]."""
LAST_MOVES_BY, LAST_STUCK_BY, LAST_SD = 0.55, 0.25, 3.2
"""The same for the end-of-course rating, about two and a half weeks after the last [judgement]."""

LEAVES, LEAVES_PER_LEVEL = -3.0, 0.10
"""Log-odds of ending the course after a session, at level 7 and per level of the last rating; about 17% leave a
course of psychotherapy early (45 studies) [seen]."""

# Follow-up: a walk of the score from visit to visit.
VISITS, VISIT_EVERY_DAYS, VISIT_OFFSET_DAYS, VISIT_JITTER_DAYS = 15, 14, -4, 3
"""Visit k is due 14 k - 4 days after the end-of-course rating, up to three days early or late: the sixth always falls
within 84 days and the thirteenth within 182, and the one after confirms [judgement]."""
DRIFT = 0.22
DRIFT_DEPRESSED, PHQ9_SEVERE = 0.28, 15
DRIFT_DEPRESSED_PERSONALITY = 0.35
DRIFT_LONG_ILLNESS = 0.20
DRIFT_SUBSTANCE_FAILURES = 0.35
DRIFT_FAMILY_HISTORY = -0.12
DRIFT_EARLY_RESPONSE = -0.22
DRIFT_PER_LEVEL, DRIFT_TURNS_AT = 0.06, 12.0
"""Levels per visit. Residual depression doubles relapse: Ali 2017 [seen]; chronicity and comorbidity: HARP [seen];
severity: PREDICTR 2024 [seen]; interactions, thresholds and sizes are [judgement]."""
WALK_SD, WALK_SD_PERSONALITY, LSAS_WALK_SHARE = 2.2, 0.3, 0.55
"""Spread of a visit's change in levels; wider with a personality disorder, narrower on the LSAS [judgement]."""

NEW_TREATMENT, NEW_TREATMENT_PER_LEVEL, NEW_TREATMENT_FAILURES, NEW_TREATMENT_YOUNGER = 0.0055, 0.16, 0.6, 0.4
"""Hazard per visit at the remission cut-off, log hazard per level, with three failures, and below age 35; a few per
cent in half a year [judgement]."""
DEATH, DEATH_PER_YEAR_OF_AGE = 0.00008, 0.07
"""Hazard per visit at age 45, and log hazard per year of age [judgement]."""
MEDICATION, MEDICATION_PER_LEVEL = 0.0015, 0.28
"""Hazard per visit of a raised medication, which dates a relapse, and log hazard per level [judgement]."""

# What is not seen.
LOST_PER_LEVEL, LOST_CENTRE = 0.45, 4.0
"""Log-odds of missing the end-of-course rating per level of the last rating of the course: strongly informative, and at
random given the record [judgement]."""
LOST_LATER_SHARE, LOST_LATER_PER_LEVEL = 0.08, 0.20
"""Chance of being lost before the next visit, as a share of the level of missing remission, at the remission cut-off;
log-odds per level of the last rating [judgement]."""
