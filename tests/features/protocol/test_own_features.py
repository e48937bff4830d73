"""Features that a study declares in its protocol: what is read, what is refused and where, and what stays as it was."""

import pytest

from features.catalogue import BUILT_IN, catalogue, fingerprint
from features.definitions.display_names import label_of
from features.dictionary import data_dictionary
from features.protocol.document import Protocol, protocol_from_document
from features.protocol.own_feature import OWN_UNITS
from features.protocol.problems import Problem, ProtocolRefusedError
from features.protocol_reading import parse_protocol
from tests.features.own_features import FORTNIGHT, every_own_feature

NAME = "lowest_gad7_first_fortnight"


def problem_of(text: str) -> Problem:
    with pytest.raises(ProtocolRefusedError) as refusal:
        parse_protocol(text)
    (problem,) = refusal.value.problems
    return problem


def test_a_declared_feature_has_a_name_a_range_a_unit_and_a_meaning_that_says_what_is_computed() -> None:
    (feature,) = catalogue(parse_protocol(FORTNIGHT))[len(BUILT_IN) :]
    assert (feature.name, feature.unit, feature.minimum, feature.maximum) == (NAME, "points", 0, 21)
    assert feature.meaning == (
        "Lowest GAD-7 of the first fortnight. Declared as the minimum of gad7 from day 0 to day 14."
    )
    assert label_of(feature.name, feature.meaning) == "lowest GAD-7 of the first fortnight"
    assert (feature.remission_sign, feature.relapse_sign) == (0, 0)
    assert f"`{NAME}`" in data_dictionary(parse_protocol(FORTNIGHT))


def test_an_expected_direction_has_a_source() -> None:
    signs = 'remission = "less"\nrelapse = "more"\n'
    (feature,) = catalogue(parse_protocol(FORTNIGHT + signs + 'source = "Beard 2019"'))[len(BUILT_IN) :]
    assert (feature.remission_sign, feature.relapse_sign, feature.source) == (-1, 1, "Beard 2019")
    assert problem_of(FORTNIGHT + signs).column == "features.1.source"


def test_the_protocol_survives_a_bundle_and_one_without_own_features_keeps_its_digests() -> None:
    protocol = parse_protocol(FORTNIGHT)
    assert protocol_from_document(protocol.document) == protocol
    assert "own_features" not in Protocol().document
    assert Protocol().digest == "6647003819f45d8ee3c7ad38c31c398b4c02a2e49ff36bad065b9a1680886958"
    assert fingerprint(Protocol()) == "628836449bc00b6b927a8781360e9b03f60ce9426be3e66d95a55f1d42e74764"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("from_day = 0", "from_day = 1"),
        ("to_day = 14", "to_day = 13"),
        ("to_day = 14", ""),
        ('"minimum"', '"mean"'),
        ('"gad7"', '"hama"'),
        (NAME, "another_name"),
    ],
)
def test_the_fingerprint_changes_with_every_part_of_the_expression(old: str, new: str) -> None:
    changed = parse_protocol(FORTNIGHT.replace(old, new))
    assert len({fingerprint(one) for one in (Protocol(), parse_protocol(FORTNIGHT), changed)}) == 3


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "hint"),
    [
        ('"gad7"', '"gad-7"', 4, "of", "did you mean gad7?"),
        ('"gad7"', '"peak_disociation"', 4, "of", "did you mean peak_dissociation?"),
        ('"gad7"', '"dose_mg_per_kg"', 4, "of", "use dose_relative_to_usual"),
        ('"gad7"', '"my_features.py:lowest"', 4, "of", "a protocol holds no code"),
        ('"gad7"', '"hospitalisation"', 5, "measure", '"count"'),
        ('"minimum"', '"minimun"', 5, "measure", "did you mean minimum?"),
        ("from_day", "form_day", 6, "form_day", "did you mean from_day?"),
        ("from_day = 0", 'function = "my_features.py"', 6, "function", "a protocol holds no code"),
        ("to_day = 14", "to_day = -1", 7, "to_day", "not before from_day"),
        ("to_day = 14", "to_day = 14.5", 7, "to_day", "a whole number of days"),
        (NAME, "age_years", 3, "name", "a name of its own"),
        (NAME, "change_points", 3, "name", "a name of its own"),
        (NAME, "suicidal_intent", 3, "name", "a name of its own"),
        (NAME, "Lowest GAD-7", 3, "name", "a_lower_case_name"),
    ],
)
def test_a_mistake_is_named_with_its_line_its_key_and_the_nearest_known_word(
    old: str, new: str, line: int, key: str, hint: str
) -> None:
    problem = problem_of(FORTNIGHT.replace(old, new, 1))
    assert ((problem.row or 0) + 1, problem.column) == (line, f"features.1.{key}")
    assert hint in problem.required


def test_every_name_is_its_own() -> None:
    assert problem_of(FORTNIGHT + FORTNIGHT).column == "features.2.name"
    covariate = '[[covariates]]\nname = "recruitment"\nkind = "category"\nlevels = ["gp", "self"]\nmeaning = "m"\n'
    for name in ("recruitment", "recruitment_gp"):
        assert problem_of(covariate + FORTNIGHT.replace(NAME, name)).column == "features.1.name"


def test_a_scale_of_the_study_can_be_measured_unless_its_name_has_another_meaning_too() -> None:
    scale = """
        [instruments.{name}]
        title = "Our scale"
        minimum = 0
        maximum = 10
        remission_at_most = 2
        relapse_at_least = 5
        reliable_change = 2
        source = "us"
    """
    (feature,) = catalogue(parse_protocol(FORTNIGHT.replace("gad7", "ours") + scale.format(name="ours")))[
        len(BUILT_IN) :
    ]
    assert feature.maximum == 10
    taken = FORTNIGHT.replace('"gad7"', '"peak_distress"') + scale.format(name="peak_distress")
    assert problem_of(taken).column == "features.1.of"


def test_every_unit_is_listed() -> None:
    protocol = Protocol(own_features=every_own_feature("gad7", "who5"))
    assert {one.unit for one in catalogue(protocol)[len(BUILT_IN) :]} == OWN_UNITS
