"""By which names clinics know the columns of a cohort."""

import re
from collections.abc import Mapping
from types import MappingProxyType

IDENTIFIER = (
    r"patient_?id|pat_?id|record_id|subject_?id|subjid|usubjid|participant_?id|study_?id|case_?id|person_?id|pid",
    r"patient|subject|participant|pat_?nr|patienten_?(id|nr|nummer)|mrn|fallnummer|patient_(number|no|code)|id",
)
"""Names of a patient's id, surer ones first."""
SITE = (
    r"(study_|treating_)?(site|clinic|cent(re|er)|location|standort|klinik|redcap_data_access_group)(_id|_name|_code)?"
)
BIRTH_DATE = r"dob|date_of_birth|birth_?da(te|y)|born(_on)?|geburtsdatum|birth_datetime"
BIRTH_YEAR = r"birth|birth_year|year_of_birth|yob|geburtsjahr"
ONSET = (
    r"(illness_|disease_|symptom_)?onset(_year|_date)?|year_of_onset|date_of_onset|ill_since(_year|_date)?|"
    r"(er)?krank(t)?_seit|(krankheits|erkrankungs)beginn"
)
WEIGHT = r"(body_)?weight|gewicht|wt"
HEIGHT = r"(body_)?height|groesse|ht"
DRUG = r"(bzd|benzo|benzodiazepine)s?_(name|drug|substance|type|agent)"
DRUG_DOSE = r"(bzd|benzo|benzodiazepine)s?(_(dose|daily_dose|total))?"
DIAZEPAM = r"(bzd_|benzo_|benzodiazepine_)?(mg_)?diazepam(_eq(uivalent)?s?)?(_dose)?(_per_day)?"
_FAMILY_ALCOHOL = (
    r"(fh|fam(ily)?)(_history|_hx)?(_of)?_alc(ohol)?(ism|_use_disorder)?|alcohol(ism)?_in_(the_)?family|"
    r"first_degree_relative_with_alcohol_use_disorder"
)

PATIENT_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "age_years": r"age(_at_(baseline|consent|inclusion|day_0|enrol?lment|intake))?|alter",
        "sex": r"sex(_at_birth)?|gender|geschlecht",
        "diagnosis": r"((primary|main|principal)_)?(dx|diagnosis|icd_?10|diagnose|hauptdiagnose)"
        r"(_(code|main|primary|icd_?10))*",
        "illness_duration_years": r"(illness|disease)_duration|duration_of_illness|ill(ness)?(_since|_for)?|years_ill|"
        r"years_since_onset\w*",
        "comorbid_depression": r"(comorbid(ity)?_|comorb_|cm_)?(depression|mdd|major_depression|depressive_disorder)",
        "comorbid_ptsd": r"(comorbid(ity)?_|comorb_|cm_)?(ptsd|post_?traumatic_stress_disorder)",
        "comorbid_substance_use": r"(comorbid(ity)?_|comorb_|cm_)?(sud|substance_use(_disorder)?|addiction)",
        "comorbid_personality_disorder": r"(comorbid(ity)?_|comorb_|cm_)?(personality_disorder|pd)",
        "family_history_alcohol": _FAMILY_ALCOHOL,
        "prior_treatments_recorded": r"((treatment_)?history|hx|prior_treatments)_(taken|asked|recorded)",
        "body_mass_index": r"bmi|body_mass_index",
        "expectancy": r"expect(ancy|ation)?(_of_benefit)?",
        "working_alliance": r"(working_)?alliance|wai",
        "childhood_trauma": r"childhood_(trauma|abuse|adversity)",
    }
)
SESSION_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "kind": r"(session_)?(kind|type)|what|session|art(_der_sitzung)?|sitzungsart",
        "route": r"(dose_|dosing_|ketamine_)?route(_of_administration)?|roa|applikation",
        "peak_dissociation": r"(peak_|max_)?(cadss|dissociation)(_(peak|max|score|total))?",
        "peak_systolic_mmhg": r"(peak_|max_)?(sbp|systolic(_bp|_blood_pressure)?|sys_?bp)(_(peak|max))?|"
        r"peak_systolic_\w+|(max_)?rr_sys(t|tol|tolisch)?(_max)?",
        "peak_distress": r"(peak_|max_)?distress(_(peak|max))?",
        "adverse_event": r"ae|ae_yn|adverse_event(_yn)?|any_ae|adverse",
    }
)
DOSE = r"((ketamine|drug|session)_)?(dose|dosis)|ketamine|mgkg|mg_kg|dose_given"
TREATMENT_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "treatment": r"(pt_|prior_|previous_|earlier_)?(treatment|class|drug_class|medication|therapy|tx)"
        r"(_class|_name)?",
        "start_day": r"(pt_)?(from|start(_date|_day)?|first_day|begin|started|date_from|seit|von)",
        "end_day": r"(pt_)?(until|end(_date|_day)?|stop(_date)?|last_day|stopped|date_to|bis)",
        "adequate": r"(pt_)?(adequate|adeq|adequate_dose)",
        "outcome": r"(pt_)?(outcome|out|result|response|ergebnis)",
    }
)
EVENT = r"(ev_)?(event|what_happened|type|event_type|what|happened)"
EVENT_DATES: Mapping[str, str] = MappingProxyType(
    {
        "relapse": r"relapse_date|date_of_relapse",
        "hospitalisation": r"(hospitali[sz]ation|admission)_date|date_of_(hospitali[sz]ation|admission)",
        "withdrawal": r"(withdrawal|withdrawn|dropout|drop_out)_date|date_of_(withdrawal|dropout)|withdrew_on",
        "death": r"(death|died)_date|date_of_death|dod|died_on",
        "end_of_follow_up": r"(end_of_(follow_up|study)|last_contact|last_visit)_date|date_of_last_(contact|visit)",
    }
)
SCALE = r"scale|instrument|questionnaire|measure|test|fragebogen"
SCORE = r"(total_?|sum_?)?(score|total|value|sum|result|wert|punkte)"
VISIT = r"visit|visit_name|event|timepoint|time_point|week"
DAY_NUMBER = r"(study_|rel(ative)?_)?day(s)?(_number|_no)?|days_(since|from)_\w+"


def fits(pattern: str, *names: str) -> bool:
    """Whether one of the plain names is wholly of the pattern."""
    return any(name and re.fullmatch(pattern, name) for name in names)
