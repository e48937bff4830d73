"""By which words clinics know the categories of a cohort; a code without a label is in no list."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from training.intake.vocabulary.names import plain

NOT_RECORDED = re.compile(
    "unknown|missing|not_(asked|recorded|known|done|applicable|available)|refused|declined|no_answer|n_a|na|unbekannt|"
    "prefer_not_to_(say|answer)|keine_angabe"
)
USUAL_MISSING_CODES = ("-1", "-9", "-66", "-77", "-88", "-99", "-666", "-777", "-888", "-999", "-9999", "999", "9999")
"""Numbers that stand for a missing value in many files."""
_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "sex": {
            "female": "f|w|woman|weiblich|frau|feminine",
            "male": "m|man|maennlich|mann",
            "intersex": "x|i|inter|divers|diverse|indeterminate",
        },
        "diagnosis": {
            "gad": r"generali[sz]ed_anxiety(_disorder)?|f41_1|300_02",
            "social_anxiety": r"social_(anxiety_disorder|phobia)|sad|f40_1\d?|300_23",
            "panic": r"panic_disorder|f41_0|300_01",
            "agoraphobia": r"f40_0\d?",
            "ptsd": r"post_?traumatic_stress(_disorder)?|f43_1\d?|309_81",
            "ocd": r"obsessive_compulsive_disorder|f42(_\d)?",
            "mixed_anxiety_depression": r"mixed_anxiety_(and_)?depress(ion|ive)(_disorder)?|f41_2",
            "depression": r"(major_)?depress(ion|ive)(_disorder)?|mdd|f3[23](_\d+)?",
            "substance_use": r"substance_use_disorder|sud",
            "other": "others|other_diagnosis|another",
        },
        "treatment": {
            "ssri": "ssris|selective_serotonin_reuptake_inhibitor",
            "snri": "snris|serotonin_noradrenaline_reuptake_inhibitor",
            "tricyclic": "tca|tricyclics|tricyclic_antidepressant",
            "maoi": "maois|mao_inhibitor|monoamine_oxidase_inhibitor",
            "benzodiazepine": "benzodiazepines|bzd|benzo",
            "beta_blocker": "beta_blockers|propranolol",
            "antipsychotic": "antipsychotics|neuroleptic",
            "cbt": "cognitive_behaviou?ral_therapy|kvt",
            "other_psychotherapy": "other_therapy|other_talking_therapy",
            "other_medication": "other_drug|other_medications",
            "tms": "rtms|transcranial_magnetic_stimulation",
            "ect": "electroconvulsive_therapy",
            "ketamine": "esketamine|ketamine_treatment",
            "inpatient": "inpatient_(treatment|stay)|hospital",
            "substance_use_treatment": "addiction_treatment|detox",
        },
        "outcome": {
            "no_response": "non_?response|none|no_effect|non_responder",
            "partial_response": "partial|partial_responder",
            "response": "full_response|responder",
            "remission": "remitted|full_remission",
            "intolerance": "not_tolerated|side_effects|intolerant",
        },
        "kind": {
            "dosing": "ketamine?|dose|dosing_session|ketamine_session|medicine_session|kap|treatment",
            "psychotherapy": "therapy|therapy_session|psychotherapy_session|integration(_session)?|"
            "(psycho)?therapie(sitzung)?",
            "preparation": "prep|preparation_session|preparatory_session",
        },
        "route": {
            "sublingual": "sl|s_l|lozenge|buccal",
            "intramuscular": "im|i_m",
            "intravenous": "iv|i_v|infusion",
            "subcutaneous": "sc|s_c|subcut",
            "intranasal": "nasal|nasal_spray",
            "oral": "po|p_o|by_mouth",
        },
        "event": {
            "relapse": "relapsed|recurrence",
            "hospitalisation": "hospitali[sz]ation|hospitali[sz]ed|hospital_admission|admission|admitted",
            "rescue_ketamine": "rescue|rescue_dose",
            "medication_increase": "medication_increased|dose_increase",
            "new_treatment": "new_therapy|other_treatment_started",
            "withdrawal": "withdrew|withdrawn|drop_?out|dropped_out|consent_withdrawn",
            "death": "died|dead|deceased",
            "end_of_follow_up": "end_of_study|study_end|completed|last_contact",
        },
    }
)


def category_of(column: str, text: str, categories: tuple[str, ...]) -> str | None:
    """The category that a word or label names; an empty text for one that says not recorded; None where none fits."""
    word = plain(text)
    if word in categories:
        return word
    for category, pattern in _WORDS.get(column, {}).items():
        if category in categories and re.fullmatch(pattern, word):
            return category
    return "" if NOT_RECORDED.fullmatch(word) else None
