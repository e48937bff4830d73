"""The name of each feature in sentences, such as "days since the last dose".

Names in sentences are no part of a declaration: a change leaves the fingerprint of the catalogue unchanged.
"""

import re

LABELS = {
    "baseline_severity_share": "severity at baseline",
    "baseline_distance_to_remission": "distance from the baseline score to the remission band",
    "drop_needed": "drop from the baseline score that remission needs",
    "second_scale_severity_share": "severity on the second scale at baseline",
    "illness_duration_years": "duration of the illness",
    "mean_baseline_distance_to_remission": "mean distance from the baseline ratings to the remission band",
    "baseline_ratings": "number of ratings at baseline",
    "prior_antidepressants_not_failed": "earlier antidepressants that did not fail",
    "prior_other_medications_not_failed": "earlier other medications that did not fail",
    "prior_psychotherapies_not_failed": "earlier psychotherapies that did not fail",
    "prior_stimulations_not_failed": "earlier brain stimulation that did not fail",
    "prior_intensive_treatments_not_failed": "earlier inpatient and substance use treatments that did not fail",
    "adequate_failures": "adequate treatments that failed",
    "earlier_response": "response to an earlier treatment",
    "prior_ketamine_not_failed": "earlier courses of ketamine that did not fail",
    "ketamine_failures": "earlier courses of ketamine that failed",
    "ketamine_responses": "earlier courses of ketamine with a response",
    "benzodiazepine_running": "current benzodiazepine",
    "benzodiazepine_mg": "daily benzodiazepine as diazepam equivalent",
    "change_points": "improvement in points since baseline",
    "change_share": "relative improvement since baseline",
    "change_reliable": "improvement since baseline",
    "distance_to_remission": "distance from the latest rating to the remission band",
    "distance_to_criterion": "distance from the latest rating to remission",
    "mean_distance_to_criterion": "distance from the mean rating to remission",
    "recent_distance_to_criterion": "distance from the ratings since the last dose to remission",
    "change_after_session_1": "improvement after dosing session 1",
    "slope_per_week": "weekly change of severity",
    "latest_severity_share": "severity at the latest rating",
    "best_share": "lowest severity so far",
    "worst_share": "highest severity so far",
    "in_remission_band": "latest rating in the remission band",
    "ratings_since_baseline": "number of ratings since baseline",
    "days_since_last_rating": "days since the last rating",
    "dosing_sessions": "number of dosing sessions so far",
    "psychotherapy_sessions": "number of psychotherapy sessions so far",
    "days_since_last_dose": "days since the last dose",
    "days_between_doses": "mean number of days between doses",
    "route_parenteral": "last dose injected",
    "route_intranasal": "last dose given through the nose",
    "dose_relative_to_usual": "mean dose relative to the usual dose of its route",
    "parenteral_dose_shortfall": "how far the mean injected dose is below 0.6 mg/kg",
    "dose_of_route_limit": "largest dose relative to the limit of its route",
    "peak_distress": "highest distress during a dose",
    "peak_dissociation": "highest dissociation during a dose",
    "adverse_events": "number of sessions with an adverse event",
    "second_scale_severity_now": "severity on the second scale at the latest rating",
    "age_years": "age",
    "sex_female": "female sex",
    "diagnosis_gad": "diagnosis of generalised anxiety disorder",
    "diagnosis_social_anxiety": "diagnosis of social anxiety",
    "diagnosis_panic": "diagnosis of panic disorder",
    "diagnosis_agoraphobia": "diagnosis of agoraphobia",
    "diagnosis_ptsd": "diagnosis of PTSD",
    "diagnosis_ocd": "diagnosis of OCD",
    "diagnosis_mixed_anxiety_depression": "diagnosis of mixed anxiety and depression",
    "diagnosis_depression": "diagnosis of depression",
    "diagnosis_substance_use": "diagnosis of substance use disorder",
    "diagnosis_other": "another diagnosis",
    "comorbid_depression": "comorbid depression",
    "comorbid_ptsd": "comorbid PTSD",
    "comorbid_substance_use": "comorbid substance use disorder",
    "comorbid_personality_disorder": "comorbid personality disorder",
    "family_history_alcohol": "alcohol use disorder of a first-degree relative",
    "body_mass_index": "body mass index",
    "childhood_trauma": "childhood trauma",
    "insomnia": "insomnia before session 1",
    "expectancy": "expectation of benefit before session 1",
    "working_alliance": "working alliance before session 1",
}
"""The built-in features, by name."""
_FACTS = {
    "ratings before the first dose": (
        "baseline_severity_share",
        "baseline_distance_to_remission",
        "drop_needed",
        "mean_baseline_distance_to_remission",
        "baseline_ratings",
    ),
    "ratings on the second scale": ("second_scale_severity_share", "second_scale_severity_now"),
    "earlier treatments with their outcomes": (
        "prior_antidepressants_not_failed",
        "prior_other_medications_not_failed",
        "prior_psychotherapies_not_failed",
        "prior_stimulations_not_failed",
        "prior_intensive_treatments_not_failed",
        "adequate_failures",
        "earlier_response",
        "prior_ketamine_not_failed",
        "ketamine_failures",
        "ketamine_responses",
    ),
    "current benzodiazepine with its daily dose": ("benzodiazepine_running", "benzodiazepine_mg"),
    "ratings since the first dose": (
        "change_points",
        "change_share",
        "change_reliable",
        "distance_to_remission",
        "distance_to_criterion",
        "mean_distance_to_criterion",
        "recent_distance_to_criterion",
        "change_after_session_1",
        "slope_per_week",
        "latest_severity_share",
        "best_share",
        "worst_share",
        "in_remission_band",
        "ratings_since_baseline",
        "days_since_last_rating",
    ),
    "dosing sessions": ("dosing_sessions", "days_since_last_dose", "days_between_doses"),
    "route of the last dose": ("route_parenteral", "route_intranasal"),
    "doses with their routes": ("dose_relative_to_usual", "parenteral_dose_shortfall", "dose_of_route_limit"),
    "adverse events of the sessions": ("adverse_events",),
    "psychotherapy sessions": ("psychotherapy_sessions",),
    "sex": ("sex_female",),
}
"""What a person records, by the features that follow from it; another feature is itself what is recorded."""
_FACT_OF = {LABELS[name]: fact for fact, names in _FACTS.items() for name in names} | {
    label: "diagnosis" for name, label in LABELS.items() if name.startswith("diagnosis_")
}
_LEVEL = re.compile(r"(?P<category>[a-z][a-z0-9_]*) is (?P<level>.+) \(1\) or another \(0\)")


def label_of(name: str, meaning: str) -> str:
    """The name of a feature in sentences; that of a study's covariate is the first clause of its meaning.

    The feature of a level has the name of its category, and the level.

    >>> label_of("age_years", "Age at day 0.")
    'age'
    >>> label_of("hours_of_sleep", "Hours of sleep a night; by diary.")
    'hours of sleep a night'
    >>> label_of("recruitment_self_referred", "recruitment is self_referred (1) or another (0). How the patient came.")
    'recruitment: self_referred'
    """
    if name in LABELS:
        return LABELS[name]
    if level := _LEVEL.match(meaning):
        return f"{level['category']}: {level['level']}"
    clause = re.split(r"[.;]", meaning)[0].strip() or name
    first = clause.split()[0]
    is_abbreviation = len(first) > 1 and first.isupper()
    return clause if is_abbreviation else clause[:1].lower() + clause[1:]


def recorded_as(label: str) -> str:
    """What a person records so that a feature has a value; ``label`` is the feature's name in sentences.

    >>> recorded_as("last dose injected"), recorded_as("age"), recorded_as("recruitment: self_referred")
    ('route of the last dose', 'age', 'recruitment')
    """
    return _FACT_OF.get(label, label.partition(": ")[0])
