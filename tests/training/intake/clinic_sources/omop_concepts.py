"""The concepts of the made-up OMOP set: standard ones where OMOP has one, and local ones above 2,000,000,000.

Standard ids are recalled from the OMOP vocabularies; a test of the import only needs them to be the same in the mapping
and in the tables.
"""

LOCAL = 2_000_000_000
YES, NO = 4188539, 4188540
KETAMINE = 785649
BODY_MASS_INDEX = 3038553
SYSTOLIC = 3004249
BODY_WEIGHT = 3025315
FROM_RECORD = 32817
"""Type of every record: a health record."""
OF_DRUG, OF_PROCEDURE = 1147094, 1147082
"""What the id of a linked event is an id of: `drug_exposure_id`, `procedure_occurrence_id`."""
SEXES = {"male": 8507, "female": 8532, "intersex": 2_000_000_010}
ROUTES = {"intramuscular": 4302612, "subcutaneous": 4142048, "sublingual": 4292110, "intravenous": 4171047}

_LOCAL_NAMES = {
    100: "Years since onset of the illness",
    101: "Benzodiazepine, mg diazepam equivalent per day",
    102: "Expectation of benefit, 0 to 10",
    103: "Working alliance, 0 to 10",
    110: "Comorbid depression",
    111: "Comorbid PTSD",
    112: "Comorbid substance use disorder",
    113: "Comorbid personality disorder",
    114: "Family history of alcohol use disorder",
    115: "Earlier treatments were asked for",
    200: "CADSS, peak of the session",
    201: "Adverse event at the session",
    202: "Psychotherapy session of the ketamine programme",
    210: "Earlier treatment adequate in dose and duration",
    211: "Result of the earlier treatment",
    300: "GAD-7 total",
    301: "PHQ-9 total",
    302: "PCL-5 total",
    303: "LSAS total",
    304: "HAM-A total",
    305: "Y-BOCS total",
    306: "PDSS total",
    400: "Relapse",
    401: "Hospitalisation",
    402: "Rescue ketamine",
    403: "Increase of medication",
    404: "New treatment",
    405: "Withdrawal from the programme",
    406: "Death",
    407: "End of follow-up",
    500: "Generalised anxiety disorder",
    501: "Social anxiety disorder",
    502: "Panic disorder",
    503: "Agoraphobia",
    504: "Post-traumatic stress disorder",
    505: "Obsessive-compulsive disorder",
    506: "Mixed anxiety and depressive disorder",
    507: "Other mental disorder",
    600: "SSRI, any",
    601: "SNRI, any",
    602: "Benzodiazepine, any",
    603: "Buspirone",
    604: "Pregabalin",
    605: "Antipsychotic, any",
    620: "Cognitive behavioural therapy",
    621: "Other psychotherapy",
    622: "Transcranial magnetic stimulation",
    700: "No response",
    701: "Partial response",
    702: "Response",
    703: "Remission",
    704: "Intolerance",
}
_STANDARD_NAMES = {
    YES: "Yes",
    NO: "No",
    KETAMINE: "ketamine",
    BODY_MASS_INDEX: "Body mass index (BMI) [Ratio]",
    SYSTOLIC: "Systolic blood pressure",
    BODY_WEIGHT: "Body weight",
    SEXES["male"]: "MALE",
    SEXES["female"]: "FEMALE",
    SEXES["intersex"]: "Intersex",
}
NAMES = {**_STANDARD_NAMES, **{LOCAL + number: name for number, name in _LOCAL_NAMES.items()}}
"""What the set's table of concepts says of them."""


def _numbered(first: int, *names: str) -> dict[str, int]:
    return {name: LOCAL + first + position for position, name in enumerate(names)}


PATIENT_NUMBERS = _numbered(100, "illness_duration_years", "benzodiazepine_mg", "expectancy", "working_alliance")
PATIENT_FLAGS = _numbered(
    110,
    "comorbid_depression",
    "comorbid_ptsd",
    "comorbid_substance_use",
    "comorbid_personality_disorder",
    "family_history_alcohol",
    "prior_treatments_recorded",
)
DISSOCIATION, ADVERSE_EVENT, PSYCHOTHERAPY = LOCAL + 200, LOCAL + 201, LOCAL + 202
ADEQUATE, RESULT = LOCAL + 210, LOCAL + 211
SCALES = _numbered(300, "gad7", "phq9", "pcl5", "lsas", "hama", "ybocs", "pdss")
EVENTS = _numbered(
    400,
    "relapse",
    "hospitalisation",
    "rescue_ketamine",
    "medication_increase",
    "new_treatment",
    "withdrawal",
    "death",
    "end_of_follow_up",
)
DIAGNOSES = _numbered(
    500, "gad", "social_anxiety", "panic", "agoraphobia", "ptsd", "ocd", "mixed_anxiety_depression", "other"
)
DRUGS = _numbered(600, "ssri", "snri", "benzodiazepine", "buspirone", "pregabalin", "antipsychotic")
PROCEDURES = _numbered(620, "cbt", "other_psychotherapy", "tms")
RESULTS = _numbered(700, "no_response", "partial_response", "response", "remission", "intolerance")
