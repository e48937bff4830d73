"""What codes mean: each has one meaning and a source, by its system's address or a known alias."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from features.protocol.diazepam import SAME_AS_10_MG_DIAZEPAM
from features.protocol.instruments import INSTRUMENTS
from features.protocol.scale_items import ITEM_SCORINGS
from serving.terminology import codes
from serving.terminology.codes import RECORD_SYSTEM, TerminologyError, load_terminology, parse_terminology
from serving.terminology.groups import Codes, TerminologyDocument

TEXT = Path(codes.__file__).with_name("terminology.toml").read_text(encoding="utf-8")
DOCUMENT = TerminologyDocument.model_validate(tomllib.loads(TEXT))
LOINC, SNOMED_CT = "http://loinc.org", "http://snomed.info/sct"
ICD_10_CM, ICD_10 = "http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-10"
RXNORM, ATC = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://www.whocc.no/atc"


def spelled(group: Codes) -> Iterator[tuple[str, str]]:
    """Every code of a group as one that may be sent, with its system's address; a prefix gets a letter more."""
    for system, listed in group.items():
        yield from ((DOCUMENT.systems[system].uri, code.replace("*", "")) for code in listed)


@pytest.mark.parametrize("scale", DOCUMENT.instruments, ids=lambda scale: scale.name)
def test_every_code_of_a_scale_is_found(scale: Any) -> None:
    terminology = load_terminology()
    for group, part in ((scale.panel, "panel"), (scale.total, "total")):
        for coding in spelled(group):
            found = terminology.instrument(*coding)
            assert found is not None
            assert (found.instrument, found.part, found.source) == (scale.name, part, scale.source)
    for system, listed in scale.items.items():
        uri = DOCUMENT.systems[system].uri
        numbers = [getattr(terminology.item(uri, code, scale.name), "number", None) for code in listed]
        assert numbers == list(range(1, ITEM_SCORINGS[scale.name].items + 1))


@pytest.mark.parametrize("group", DOCUMENT.answers, ids=lambda group: "-".join(group.instruments))
def test_every_answer_has_its_points_on_its_scales(group: Any) -> None:
    for points, listed in group.points.items():
        for coding in spelled(listed):
            found = [load_terminology().answer(*coding, name) for name in group.instruments]
            assert [answer and answer.points for answer in found] == [points] * len(group.instruments)


@pytest.mark.parametrize(
    "group", DOCUMENT.conditions, ids=lambda group: group.diagnosis or group.not_used[:30] or group.flags[0]
)
def test_every_code_of_a_condition_means_its_group(group: Any) -> None:
    for coding in spelled(group.codes):
        found = load_terminology().condition(*coding)
        assert found is not None
        names = [flag.name for flag in found.flags]
        assert (found.diagnosis, names, found.not_used) == (group.diagnosis, group.flags, group.not_used), coding
        assert all((flag.when == "ever") == (flag.name in DOCUMENT.ever) for flag in found.flags)


@pytest.mark.parametrize("group", DOCUMENT.treatments, ids=lambda group: group.treatment or "opioid")
def test_every_code_of_a_treatment_means_its_group(group: Any) -> None:
    named = [(name, {system: listed}) for system, each in group.ingredients.items() for name, listed in each.items()]
    for ingredient, listed in [(None, group.codes), *named]:
        for coding in spelled(listed):
            found = load_terminology().treatment(*coding)
            assert found is not None
            assert (found.treatment, found.session, found.opioid) == (group.treatment, group.session, group.opioid)
            assert ingredient in (None, found.ingredient)


def test_every_code_of_routes_measures_answers_and_ketamine_is_found() -> None:
    terminology = load_terminology()
    found = [
        *((terminology.route(*coding), one.route) for one in DOCUMENT.routes for coding in spelled(one.codes)),
        *((terminology.measure(*coding), one.measure) for one in DOCUMENT.measures for coding in spelled(one.codes)),
        *((terminology.ketamine(*coding), one.substance) for one in DOCUMENT.ketamine for coding in spelled(one.codes)),
        *(
            (terminology.coded_answer(*coding), one.column)
            for one in DOCUMENT.coded_answers
            for coding in spelled(one.codes)
        ),
    ]
    assert found
    for meaning, name in found:
        assert name in vars(meaning).values()


CONDITIONS = """
icd-10-cm  F41.1      gad
icd-10-cm  F411       gad
icd-10-cm  F43.10     ptsd
icd-10-cm  F43.12     ptsd
icd-10-cm  F43.20     other
icd-10-cm  F40.01     agoraphobia
icd-10-cm  F33.1      depression
icd-10-cm  F33.3      depression psychosis_history
icd-10-cm  F33.42     -
icd-10-cm  F10.20     substance_use
icd-10-cm  F10.21     -
icd-10-cm  F10.229    substance_use active_substance_use
icd-10-cm  F17.210    -
icd-10-cm  F41.9      -
icd-10-cm  F31.81     -
icd-10-cm  F31.2      mania_history psychosis_history
icd-10-cm  I20.0      uncontrolled_heart_disease
icd-10-cm  I20.9      -
icd-10-cm  K74.60     -
icd-10-cm  K72.90     severe_liver_disease
icd-10-cm  I71.01     nothing
icd-10-cm  R45.851    -
icd-10-cm  E11.9      nothing
icd-10     F41.2      mixed_anxiety_depression
icd-10-cm  F41.2      nothing
icd-10     F10.1      substance_use active_substance_use
icd-10-cm  F10.10     substance_use
"""


@pytest.mark.parametrize("line", CONDITIONS.strip().splitlines())
def test_a_condition_means_what_its_code_says_and_no_more(line: str) -> None:
    system, code, *expected = line.split()
    found = load_terminology().condition(f"http://hl7.org/fhir/sid/{system}", code)
    if found is None:
        assert expected == ["nothing"]
        return
    meaning = [found.diagnosis, *(flag.name for flag in found.flags)]
    assert [name for name in meaning if name] == [name for name in expected if name != "-"]
    assert bool(found.not_used) == (expected == ["-"])


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (LOINC, "70274-6"),
        ("urn:oid:2.16.840.1.113883.6.1", "70274-6"),
        ("https://loinc.org", "70274-6"),
        ("urn:oid:2.16.840.1.113883.6.96", "445455005"),
        (RECORD_SYSTEM, "gad7"),
    ],
)
def test_a_system_is_known_by_its_address_and_by_its_aliases(system: str, code: str) -> None:
    found = load_terminology().instrument(system, code)
    assert found is not None
    assert found.instrument == "gad7"


@pytest.mark.parametrize("system", ["", "http://example.org", "LOINC", "http://snomed.info/sct/"])
def test_a_code_of_an_unknown_system_means_nothing(system: str) -> None:
    terminology = load_terminology()
    assert terminology.instrument(system, "70274-6") is None
    assert terminology.condition(system, "F41.1") is None
    assert terminology.column(system, "expectancy") is None


def test_an_answer_has_points_only_on_its_own_scales() -> None:
    terminology = load_terminology()
    assert terminology.answer(LOINC, "LA6571-9", "phq9") is not None
    assert terminology.answer(LOINC, "LA6571-9", "pcl5") is None
    assert terminology.answer(LOINC, "LA0000-0", "phq9") is None


@pytest.mark.parametrize(
    ("system", "code", "ingredient", "mg"),
    [(RXNORM, "3322", "diazepam", 10), (RXNORM, "197591", "diazepam", 10), (ATC, "N05BA06", "lorazepam", 1),
     (RXNORM, "6470", "lorazepam", 1), (ATC, "N05BA99", "", None), (RXNORM, "10767", "triazolam", None)],
)  # fmt: skip
def test_a_benzodiazepine_has_the_dose_that_counts_as_10_mg_of_diazepam(
    system: str, code: str, ingredient: str, mg: float | None
) -> None:
    found = load_terminology().treatment(system, code)
    assert found is not None
    assert (found.treatment, found.ingredient, found.as_10_mg_diazepam) == ("benzodiazepine", ingredient, mg)
    assert mg in (None, SAME_AS_10_MG_DIAZEPAM.get(ingredient))


def test_a_tetracyclic_among_the_tricyclics_of_atc_is_another_medication() -> None:
    found = [load_terminology().treatment(ATC, code) for code in ("N06AA09", "N06AA21")]
    assert [one and one.treatment for one in found] == ["tricyclic", "other_medication"]


def test_the_loinc_codes_of_a_scale_are_listed_and_empty_where_none_was_found() -> None:
    terminology = load_terminology()
    gad7 = terminology.loinc_of("gad7")
    assert (gad7.panels, gad7.totals, len(gad7.items), gad7.items[0]) == (("69737-5",), ("70274-6",), 7, "69725-0")
    assert terminology.loinc_of("hama").totals == ()
    assert set(terminology.loinc) <= set(INSTRUMENTS)


def test_the_terminology_is_parsed_once() -> None:
    assert load_terminology() is load_terminology()


GAD = 'diagnosis = "gad"\nwhole = true\ncodes.icd-10-cm = ["F41.1"]'
FLAWS = {
    "a code with two meanings": (GAD, GAD.replace("F41.1", "F41.0")),
    "a prefix with two meanings": ('["F40.1*"]\ncodes.icd-10 ', '["F43.1*"]\ncodes.icd-10 '),
    "a diagnosis that is no category": (GAD, GAD.replace("gad", "worry")),
    "a flag that is no column": ('flags = ["bladder_disease"]', 'flags = ["bladder"]'),
    "a flag that is no yes or no": ('flags = ["bladder_disease"]', 'flags = ["age_years"]'),
    "a scale that is not declared": ('name = "bdi2"', 'name = "bdi3"'),
    "an item too few": ('"69725-0", "68509-9"', '"68509-9"'),
    "a class that is not declared": ('treatment = "tms"', 'treatment = "rtms"'),
    "a route that is not declared": ('route = "oral"', 'route = "by mouth"'),
    "a system that is not declared": ('codes.icd-10-cm = ["G93.2"]', 'codes.icd-11 = ["G93.2"]'),
    "a blank source": ('source = "US Core pregnancy status [recalled]"', 'source = ""'),
    "a source that nobody tags": ('source = "US Core pregnancy status [recalled]"', 'source = "US Core"'),
    "a group without a meaning": ('flags = ["bladder_disease"]', ""),
    "a key that nobody reads": ("whole = true", "complete = true"),
    "no TOML": ("[systems.loinc]", "[systems.loinc"),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_terminology_with_a_flaw_is_refused(flaw: str) -> None:
    before, after = FLAWS[flaw]
    assert before in TEXT
    with pytest.raises(TerminologyError):
        parse_terminology(TEXT.replace(before, after, 1))
