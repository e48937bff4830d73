"""What OMOP concepts mean in a cohort: scales, ingredients, conditions, procedures, routes.

An id is "seen" where it stood with this name in a public concept set or mapping that was exported from the OMOP
vocabularies, else "recalled". A mapping takes seen ids as they are; it asks for recalled ones, and for those that only
their name shows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Domain = Literal["scale", "ingredient", "condition", "procedure", "route", "sex", "answer", "measure"]
LIBRARY = "OHDSI PhenotypeLibrary, cohort definitions [seen]"
ROUTES_SOURCE = "answerdigital/oxford-omop-data-mapper, route_concept_id [seen]"
VOCABULARY = "OMOP vocabularies [recalled]"


@dataclass(frozen=True)
class OmopConcept:
    """A concept of the OMOP vocabularies, and the category of a cohort that it stands for."""

    concept_id: int
    name: str
    domain: Domain
    meaning: str
    source: str

    @property
    def is_seen(self) -> bool:
        """Whether id and name stood together in the source."""
        return self.source.endswith("[seen]")


def _concepts(domain: Domain, source: str, meaning: str, names: Mapping[int, str]) -> tuple[OmopConcept, ...]:
    return tuple(OmopConcept(number, name, domain, meaning, source) for number, name in names.items())


_INGREDIENTS = (
    _concepts("ingredient", LIBRARY, "ssri", {
        739138: "sertraline", 755695: "fluoxetine", 722031: "paroxetine", 797617: "citalopram", 715939: "escitalopram",
        751412: "fluvoxamine",
    })
    + _concepts("ingredient", LIBRARY, "snri", {
        743670: "venlafaxine", 715259: "duloxetine", 717607: "desvenlafaxine", 19080226: "milnacipran",
    })
    + _concepts("ingredient", LIBRARY, "tricyclic", {
        710062: "amitriptyline", 721724: "nortriptyline", 778268: "imipramine", 798834: "clomipramine",
        738156: "doxepin", 705755: "trimipramine", 716968: "desipramine", 754270: "protriptyline", 713109: "amoxapine",
        19091830: "lofepramine", 19039883: "butriptyline",
    })
    + _concepts("ingredient", LIBRARY, "maoi", {
        733896: "phenelzine", 703470: "tranylcypromine", 781705: "isocarboxazid", 766209: "selegiline",
    })
    + _concepts("ingredient", LIBRARY, "benzodiazepine", {
        723013: "diazepam", 724816: "oxazepam", 781039: "alprazolam", 791967: "lorazepam", 798874: "clonazepam",
        990678: "chlordiazepoxide", 790253: "clorazepate", 19050832: "clobazam",
    })
    + _concepts("ingredient", VOCABULARY, "benzodiazepine", {836715: "temazepam"})
    + _concepts("ingredient", LIBRARY, "buspirone", {733301: "buspirone"})
    + _concepts("ingredient", LIBRARY, "pregabalin", {734354: "pregabalin"})
    + _concepts("ingredient", LIBRARY, "antipsychotic", {
        703244: "paliperidone", 712615: "ziprasidone", 735979: "risperidone", 757688: "aripiprazole",
        766814: "quetiapine", 785788: "olanzapine", 800878: "clozapine",
    })
    + _concepts("ingredient", VOCABULARY, "antipsychotic", {766529: "haloperidol", 40230761: "lurasidone"})
    + _concepts("ingredient", LIBRARY, "beta_blocker", {
        1353766: "propranolol", 1314002: "atenolol", 1307046: "metoprolol", 1313200: "nadolol", 1314577: "nebivolol",
        1319998: "acebutolol", 1322081: "betaxolol", 1338005: "bisoprolol", 1345858: "pindolol", 1346823: "carvedilol",
        1386957: "labetalol",
    })
    + _concepts("ingredient", LIBRARY, "other_medication", {
        725131: "mirtazapine", 750982: "bupropion", 703547: "trazodone", 714684: "nefazodone", 19007737: "mianserin",
        19084693: "reboxetine", 794147: "maprotiline", 40234834: "vilazodone", 44507700: "vortioxetine",
        777221: "hydroxyzine", 797399: "gabapentin", 705103: "lamotrigine", 745466: "valproate",
    })
    + _concepts("ingredient", LIBRARY, "ketamine", {1366610: "esketamine"})
    + _concepts("ingredient", VOCABULARY, "ketamine", {785649: "ketamine"})
)  # fmt: skip
_CONDITIONS = (
    _concepts("condition", LIBRARY, "gad", {434613: "Generalized anxiety disorder"})
    + _concepts("condition", LIBRARY, "social_anxiety", {440690: "Social phobia"})
    + _concepts("condition", LIBRARY, "panic", {436074: "Panic disorder"})
    + _concepts("condition", LIBRARY, "ptsd", {436676: "Posttraumatic stress disorder"})
    + _concepts("condition", LIBRARY, "ocd", {440374: "Obsessive-compulsive disorder"})
    + _concepts("condition", LIBRARY, "mixed_anxiety_depression", {4338031: "Mixed anxiety and depressive disorder"})
    + _concepts("condition", LIBRARY, "depression", {
        440383: "Depressive disorder", 4152280: "Major depressive disorder", 433440: "Dysthymia",
    })
    + _concepts("condition", LIBRARY, "substance_use", {
        433753: "Alcohol abuse", 435243: "Alcohol dependence", 4218106: "Alcoholism", 440069: "Drug dependence",
        438120: "Opioid dependence", 438130: "Opioid abuse", 432303: "Cocaine abuse", 434327: "Cannabis abuse",
    })
    + _concepts("condition", LIBRARY, "comorbid_personality_disorder", {
        441838: "Personality disorder", 434626: "Borderline personality disorder",
    })
    + _concepts("condition", LIBRARY, "insomnia", {436962: "Insomnia"})
    + _concepts("condition", LIBRARY, "psychosis_history", {436073: "Psychotic disorder", 435783: "Schizophrenia"})
    + _concepts("condition", LIBRARY, "mania_history", {436665: "Bipolar disorder", 4333677: "Mania"})
)  # fmt: skip
_PROCEDURES = (
    _concepts("procedure", LIBRARY, "ect", {4030840: "Electroconvulsive therapy"})
    + _concepts("procedure", LIBRARY, "other_psychotherapy", {
        4327941: "Psychotherapy", 4296166: "Group psychotherapy",
        2213548: "Group psychotherapy (other than of a multiple-family group)", 4028920: "Family psychotherapy",
    })
    + _concepts("procedure", LIBRARY, "substance_use_treatment", {
        4297063: "Substance use therapy", 4210149: "Substance abuse counseling",
    })
)  # fmt: skip
_SCALES = _concepts("scale", VOCABULARY, "gad7", {40766345: "Generalized anxiety disorder 7 item"}) + _concepts(
    "scale", VOCABULARY, "phq9", {3042932: "Patient Health Questionnaire 9 item total score"}
)
_MEASURES = _concepts(
    "measure",
    VOCABULARY,
    "",
    {
        3004249: "Systolic blood pressure",
        3038553: "Body mass index",
        3025315: "Body weight",
        3036277: "Body height",
        8521: "OTHER",
        8551: "UNKNOWN",
    },
)
_ROUTES = (
    *_concepts("route", ROUTES_SOURCE, "intramuscular", {4302612: "intramuscular"}),
    *_concepts("route", ROUTES_SOURCE, "intravenous", {4171047: "intravenous"}),
    *_concepts("route", ROUTES_SOURCE, "subcutaneous", {4142048: "subcutaneous"}),
    *_concepts("route", ROUTES_SOURCE, "sublingual", {4292110: "sublingual"}),
    *_concepts("route", ROUTES_SOURCE, "intranasal", {4262914: "nasal"}),
    *_concepts("route", ROUTES_SOURCE, "oral", {4132161: "oral"}),
)
_SEXES = (
    *_concepts("sex", LIBRARY, "male", {8507: "MALE"}),
    *_concepts("sex", LIBRARY, "female", {8532: "FEMALE"}),
)
_ANSWERS = (
    *_concepts("answer", VOCABULARY, "true", {4188539: "Yes"}),
    *_concepts("answer", VOCABULARY, "false", {4188540: "No"}),
)

OMOP_CONCEPTS: dict[int, OmopConcept] = {
    concept.concept_id: concept
    for concept in (
        *_INGREDIENTS, *_CONDITIONS, *_PROCEDURES, *_SCALES, *_MEASURES, *_ROUTES, *_SEXES, *_ANSWERS,
    )
}  # fmt: skip
"""The built-in concepts by id."""

_EXCHANGE = "HL7 personal-health-record-format-ig [seen]"
_NHS = "NHS mental health outcome measures [seen]"
_QUERY = "a query of a US health system [seen]"
CODES: dict[tuple[str, str], OmopConcept] = {
    ("LOINC", "70274-6"): OmopConcept(0, "GAD-7 total score", "scale", "gad7", _EXCHANGE),
    ("LOINC", "44261-6"): OmopConcept(0, "PHQ-9 total score", "scale", "phq9", _EXCHANGE),
    ("SNOMED", "445455005"): OmopConcept(0, "GAD-7 score", "scale", "gad7", _NHS),
    ("SNOMED", "720433000"): OmopConcept(0, "PHQ-9 score", "scale", "phq9", _NHS),
    ("CPT4", "90867"): OmopConcept(0, "rTMS, first session", "procedure", "tms", _QUERY),
    ("CPT4", "90868"): OmopConcept(0, "rTMS, delivery", "procedure", "tms", _QUERY),
    ("CPT4", "90869"): OmopConcept(0, "rTMS, new threshold", "procedure", "tms", _QUERY),
    ("CPT4", "90870"): OmopConcept(0, "ECT", "procedure", "ect", _QUERY),
}
"""Concepts by vocabulary and code, for ids that only a table of concepts can tell."""


def coded_name(name: str, code: tuple[str, str] | None) -> str:
    """A concept's name, with vocabulary and code behind it where the built-in list knows them."""
    return f"{name} [{' '.join(code)}]" if code in CODES else name


def concept_of(number: str, name: str) -> OmopConcept | None:
    """The built-in concept of an id, or of the code behind a name."""
    by_id = OMOP_CONCEPTS.get(int(number)) if number.isdecimal() else None
    vocabulary, _, code = name.rpartition("[")[2].rstrip("]").partition(" ")
    by_code = CODES.get((vocabulary, code))
    return by_code if by_code is not None and (by_id is None or not by_id.is_seen) else by_id


def ids_of(domain: Domain, meanings: Iterable[str] | None = None) -> list[int]:
    """The built-in ids of a domain, or of some of its meanings, in the list's order."""
    wanted = None if meanings is None else set(meanings)
    return [
        number
        for number, concept in OMOP_CONCEPTS.items()
        if concept.domain == domain and (wanted is None or concept.meaning in wanted)
    ]
