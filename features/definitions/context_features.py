"""The features of the patient context, declared: who the patient is, and what is recorded before session 1."""

from features.definitions.feature import Feature, Sign
from features.definitions.patient_context import PatientColumn


def _context(
    name: str, unit: str, bounds: tuple[float, float], signs: tuple[Sign, Sign], source: str, meaning: str
) -> Feature:
    return Feature(
        name,
        "patient context",
        unit,
        *bounds,
        *signs,
        source=source,
        function=PatientColumn(name),
        meaning=meaning,
    )


def _category(column: str, category: str, name: str, signs: tuple[Sign, Sign], source: str) -> Feature:
    meaning = f"{column} is {category} (1) or another (0)"
    function = PatientColumn(column, category)
    return Feature(name, "patient context", "no/yes", 0, 1, *signs, source=source, function=function, meaning=meaning)


_DIAGNOSIS = "remission lowest in OCD and social anxiety: Springer 2018, HARP"
_WHICH = "which illness it is; no sign is expected. Each has a feature, so that a model knows which it has never met"
_YES = (0.0, 1.0)
PATIENT_CONTEXT = (
    _context("age_years", "years", (10, 110), (0, 0), "sign not settled: Mathai 2024", "Age at day 0."),
    _category("sex", "female", "sex_female", (0, 0), "no consistent effect"),
    _category("diagnosis", "gad", "diagnosis_gad", (0, 0), _DIAGNOSIS),
    _category("diagnosis", "social_anxiety", "diagnosis_social_anxiety", (-1, 0), _DIAGNOSIS),
    _category("diagnosis", "panic", "diagnosis_panic", (0, 0), _DIAGNOSIS),
    _category("diagnosis", "agoraphobia", "diagnosis_agoraphobia", (0, 0), "panic with agoraphobia: Schat 2013"),
    _category("diagnosis", "ptsd", "diagnosis_ptsd", (0, 0), "null trial: Abdallah 2022; positive: Feder 2021"),
    _category("diagnosis", "ocd", "diagnosis_ocd", (-1, 0), _DIAGNOSIS),
    *(
        _category("diagnosis", name, f"diagnosis_{name}", (0, 0), _WHICH)
        for name in ("mixed_anxiety_depression", "depression", "substance_use", "other")
    ),
    _context("comorbid_depression", "no/yes", _YES, (-1, 1), "HARP (Bruce 2005)", "A depressive disorder besides."),
    _context("comorbid_ptsd", "no/yes", _YES, (0, 0), "trauma and ketamine: Dore 2019", "PTSD besides."),
    _context(
        "comorbid_substance_use",
        "no/yes",
        _YES,
        (-1, 1),
        "HARP (Bruce 2005)",
        "A substance use disorder besides.",
    ),
    _context(
        "comorbid_personality_disorder",
        "no/yes",
        _YES,
        (-1, 1),
        "Hilbert 2020; relapse: Lorimer 2021",
        "A personality disorder besides.",
    ),
    _context(
        "family_history_alcohol",
        "no/yes",
        _YES,
        (1, 0),
        "Niciu 2014",
        "A first-degree relative with alcohol use disorder.",
    ),
    _context(
        "body_mass_index",
        "kg/m2",
        (10, 90),
        (1, 0),
        "Niciu 2014; obesity: Lima Constantino 2025",
        "Body mass index.",
    ),
    _context(
        "childhood_trauma",
        "no/yes",
        _YES,
        (0, 0),
        "more response: O'Brien 2019; mixed since",
        "Abuse or neglect in childhood.",
    ),
    _context(
        "insomnia",
        "no/yes",
        _YES,
        (0, 0),
        "more response: Liu 2020; the opposite in a summary of clinics",
        "Insomnia before session 1.",
    ),
    _context(
        "expectancy",
        "points",
        (0, 10),
        (1, 0),
        "response OR 1.69 in generalised anxiety: PMC5589134; r=.18 in psychotherapy: Constantino 2018",
        "Patient's expectation of benefit before session 1.",
    ),
    _context(
        "working_alliance",
        "points",
        (0, 10),
        (1, 0),
        "r=.278 in psychotherapy: Flueckiger 2018; no study of ketamine-assisted psychotherapy found",
        "Patient's rating of the working alliance before session 1.",
    ),
)
