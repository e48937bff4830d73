"""Guesses from the name of an OMOP concept: what a person is asked to confirm, never taken as known."""

import re

_SCALES = {
    "gad7": r"gad.?7|generali[sz]ed anxiety disorder.{0,3}7",
    "gad2": r"gad.?2\b",
    "hama": r"ham.?a\b|hamilton anxiety",
    "lsas": r"lsas|liebowitz",
    "pdss": r"pdss|panic disorder severity",
    "pswq": r"pswq|penn state worry",
    "bai": r"\bbai\b|beck anxiety",
    "oasis": r"oasis|overall anxiety severity",
    "pcl5": r"pcl.?5|ptsd checklist",
    "caps5": r"caps.?5|clinician.administered ptsd",
    "ybocs": r"y.?bocs|yale.brown",
    "ocir": r"oci.?r\b|obsessive.compulsive inventory",
    "phq9": r"phq.?9|patient health questionnaire.{0,3}9",
    "bdi2": r"bdi.?(2|ii)\b|beck depression",
    "hamd17": r"ham.?d|hamilton depression",
    "madrs": r"madrs|montgomery",
    "cgi_s": r"cgi.?s\b|clinical global impression",
    "who5": r"who.?5\b",
    "hads_a": r"hads.?a\b|hospital anxiety.*anxiety",
    "hads_d": r"hads.?d\b|hospital anxiety.*depression (score|sub)",
    "dass21_anxiety": r"dass.*anxiety",
    "stai_s": r"stai.?s\b|state anxiety",
    "stai_t": r"stai.?t\b|trait anxiety",
    "spin": r"\bspin\b|social phobia inventory",
    "qids_sr16": r"qids",
    "cesd": r"ces.?d\b",
    "promis_anxiety": r"promis.*anxiety",
    "promis_depression": r"promis.*depression",
}
_SESSION = {
    "peak_dissociation": r"cadss|dissociat",
    "peak_systolic_mmhg": r"systolic",
    "peak_distress": r"distress|suds\b",
    "adverse_event": r"adverse|side effect",
}
_HISTORY = {"adequate": r"adequa", "outcome": r"result|outcome|response|effect"}
_PATIENT_NUMBERS = {
    "illness_duration_years": r"(years|duration|since).*(onset|illness)|illness duration",
    "body_mass_index": r"body mass index|\bbmi\b",
    "benzodiazepine_mg": r"benzodiazepine.*(mg|dose|equivalent)",
    "expectancy": r"expecta",
    "working_alliance": r"alliance",
    "age_years": r"^(current )?age\b",
}
_PATIENT_FLAGS = {
    "comorbid_depression": r"comorbid.*depress",
    "comorbid_ptsd": r"comorbid.*(ptsd|traumatic)",
    "comorbid_substance_use": r"comorbid.*(substance|alcohol|addict)",
    "comorbid_personality_disorder": r"comorbid.*personality",
    "family_history_alcohol": r"family.*alcohol",
    "prior_treatments_recorded": r"(earlier|prior|previous) treatment.*(asked|recorded|history)",
    "childhood_trauma": r"child.*(trauma|abuse|neglect)",
    "insomnia": r"insomnia",
}
_EVENTS = {
    "relapse": r"relapse",
    "hospitalisation": r"hospitali[sz]",
    "rescue_ketamine": r"rescue",
    "medication_increase": r"(increase|raise).*(medication|dose)|medication increase",
    "new_treatment": r"new treatment|treatment change",
    "withdrawal": r"withdrawal (from|of consent)|drop.?out|^withdrawal$",
    "death": r"death|deceased|died",
    "end_of_follow_up": r"end of follow|last contact",
}
_DIAGNOSES = {
    "mixed_anxiety_depression": r"mixed anxiety",
    "social_anxiety": r"social (anxiety|phobia)",
    "gad": r"generali[sz]ed anxiety",
    "agoraphobia": r"agoraphob",
    "panic": r"panic",
    "ptsd": r"post.?traumatic|ptsd",
    "ocd": r"obsessive",
    "substance_use": r"(substance|alcohol|drug|opioid).*(use|abuse|dependence)",
    "depression": r"depress|dysthymi",
    "other": r"anxiety|mental disorder",
}
_TREATMENTS = {
    "ketamine": r"ketamine",
    "ssri": r"ssri|sertraline|fluoxetine|paroxetine|citalopram|fluvoxamine",
    "snri": r"snri|venlafaxine|duloxetine|milnacipran",
    "tricyclic": r"tricyclic|triptyline|imipramine|clomipramine|doxepin",
    "maoi": r"maoi|monoamine|phenelzine|cypromine|moclobemide",
    "benzodiazepine": r"benzodiazepine|azepam|azolam|chlordiazepoxide",
    "buspirone": r"buspirone",
    "pregabalin": r"pregabalin",
    "antipsychotic": r"antipsychotic|peridone|apine\b|aripiprazole|haloperidol|piprazole",
    "beta_blocker": r"beta.?block|olol\b",
}
_PROCEDURES = {
    "cbt": r"cognitive.*(therapy|behavio)|\bcbt\b",
    "tms": r"transcranial|\br?tms\b",
    "ect": r"electroconvuls|\bect\b",
    "substance_use_treatment": r"(substance|alcohol|drug).*(rehab|treatment|therapy|counsel)",
    "inpatient": r"inpatient",
    "other_psychotherapy": r"psychotherap|therapy session|counsel",
}
_ROUTES = {
    "sublingual": r"sublingual|buccal",
    "intramuscular": r"intramuscular",
    "intravenous": r"intravenous",
    "subcutaneous": r"subcutaneous",
    "intranasal": r"nasal",
    "oral": r"\boral\b",
}
_RESULTS = {
    "no_response": r"no(n| |-)?.?response|no effect",
    "partial_response": r"partial",
    "remission": r"remission",
    "intolerance": r"intoler|side effect",
    "response": r"response",
}
_WEIGHT = {"weight_kg": r"(body )?weight( measured)?$|^body weight"}
_ANSWERS = {"true": r"^(yes|true|present)$", "false": r"^(no|false|absent)$"}
GUESSES = {
    "scale": _SCALES,
    "session": _SESSION,
    "history": _HISTORY,
    "patient_number": _PATIENT_NUMBERS,
    "patient_flag": _PATIENT_FLAGS,
    "event": _EVENTS,
    "diagnosis": _DIAGNOSES,
    "ingredient": _TREATMENTS,
    "procedure": _PROCEDURES,
    "route": _ROUTES,
    "result": _RESULTS,
    "weight": _WEIGHT,
    "answer": _ANSWERS,
}
"""By kind: the category, and the pattern of names that suggest it; the first that fits counts."""


def guess(kind: str, name: str) -> str:
    """The category that a name suggests, empty where none does."""
    lowered = name.casefold()
    return next((meaning for meaning, pattern in GUESSES[kind].items() if re.search(pattern, lowered)), "")
