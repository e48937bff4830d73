"""What a protocol may say, and the line that is named when it may not."""

import json

import pytest

from features.protocol.columns import STUDY_COLUMNS
from features.protocol.document import Covariate, EligibilityRule, Landmark, Protocol, protocol_from_document
from features.protocol.instruments import INSTRUMENTS
from features.protocol.problems import ProtocolRefusedError
from features.protocol_reading import parse_protocol
from tests.places import COHORTS

FULL = """
name = "clinic study"

[[landmarks]]
name = "two weeks"
day = 14
[[landmarks]]
name = "before session 2"
before_session = 2
else_days = 10

[acute]
max_days = 60

[remission]
instrument = ["cesd", "gad7"]
anchor = "index"
window_days = [20, 40]
require_reliable_drop = false

[relapse]
rule = "score"
confirm_within_days = [0, 0]
events = ["relapse", "hospitalisation"]

[sustained_remission]
horizons_days = [30, 90, 365]

[[covariates]]
name = "expectancy"
kind = "number"
minimum = 0
maximum = 10
meaning = "expected benefit"
[[covariates]]
name = "remote"
kind = "binary"
meaning = "sessions by video"

[instruments.cesd]
title = "Center for Epidemiologic Studies Depression Scale"
minimum = 0
maximum = 60
remission_at_most = 15
relapse_at_least = 21
reliable_change = 9
source = "Radloff 1977"

[instruments.gad7]
remission_at_most = 7
source = "this study"
"""

CESD = FULL[FULL.index("[instruments.cesd]") : FULL.index("[instruments.gad7]")]
OWN = CESD.replace("cesd", "own_scale")


def refused(text: str) -> list[tuple[int | None, str | None]]:
    """Line (from 1) and key of every problem of a text."""
    with pytest.raises(ProtocolRefusedError) as refusal:
        parse_protocol(text)
    return [(None if p.row is None else p.row + 1, p.column) for p in refusal.value.problems]


def test_an_empty_text_is_the_default_protocol() -> None:
    protocol = parse_protocol("")
    assert protocol == Protocol()
    assert protocol.name == "kap"
    assert [landmark.before_session for landmark in protocol.landmarks] == [1, 2, 3]
    assert [landmark.else_days for landmark in protocol.landmarks] == [None, None, 14]
    assert (protocol.eligibility.minimum_age, protocol.eligibility.maximum_age) == (18, 110)
    assert protocol.remission.window_days == (7, 31)
    assert protocol.relapse.confirm_within_days == (7, 28)
    assert protocol.horizons_days == (84, 182)


def test_a_key_that_is_absent_takes_its_default_beside_those_given() -> None:
    protocol = parse_protocol('[relapse]\nrule = "event"\n[remission]\nwindow_days = [1, 9]\n')
    assert protocol.relapse.rule == "event"
    assert protocol.relapse.events == Protocol().relapse.events
    assert protocol.remission.window_days == (1, 9)
    assert protocol.remission.instruments == Protocol().remission.instruments


def test_every_key_is_read() -> None:
    protocol = parse_protocol(FULL)
    assert protocol.name == "clinic study"
    assert protocol.landmarks == (
        Landmark("two weeks", day=14),
        Landmark("before session 2", before_session=2, else_days=10),
    )
    assert protocol.acute_max_days == 60
    assert protocol.remission.instruments == ("cesd", "gad7")
    assert protocol.remission.anchor == "index"
    assert protocol.remission.window_days == (20, 40)
    assert not protocol.remission.require_reliable_drop
    assert not protocol.relapse.asks_for_confirmation
    assert protocol.relapse.events == ("relapse", "hospitalisation")
    assert protocol.horizons_days == (30, 90, 365)
    assert protocol.covariates == (
        Covariate("expectancy", "number", "expected benefit", 0, 10),
        Covariate("remote", "binary", "sessions by video"),
    )


def test_an_own_instrument_joins_the_built_in_ones() -> None:
    protocol = parse_protocol(FULL)
    cesd = protocol.instruments["cesd"]
    assert (cesd.minimum, cesd.maximum, cesd.remission_at_most, cesd.relapse_at_least) == (0, 60, 15, 21)
    assert cesd.decides_outcomes
    instrument = next(column for column in protocol.tables["assessments"] if column.name == "instrument")
    assert {"cesd", "phq9"} <= set(instrument.categories)


def test_an_override_changes_what_it_names_and_nothing_else() -> None:
    ours, built_in = parse_protocol(FULL).instruments["gad7"], INSTRUMENTS["gad7"]
    assert (ours.remission_at_most, ours.source) == (7, "this study")
    assert (ours.maximum, ours.relapse_at_least, ours.title) == (
        built_in.maximum,
        built_in.relapse_at_least,
        built_in.title,
    )
    assert INSTRUMENTS["gad7"].remission_at_most != 7


def test_one_name_or_a_list_of_one_is_the_same_instrument() -> None:
    one = parse_protocol('[remission]\ninstrument = "phq9"\n')
    assert one == parse_protocol('[remission]\ninstrument = ["phq9"]\n')
    assert one.remission.instruments == ("phq9",)


@pytest.mark.parametrize("text", ["", FULL, '[remission]\nstate = "at_landmark"\n[relapse]\nrule = "event"\n'])
def test_a_protocol_comes_back_from_its_document(text: str) -> None:
    protocol = parse_protocol(text)
    again = protocol_from_document(protocol.document)
    assert again == protocol
    assert again.digest == protocol.digest
    assert again.instruments == protocol.instruments


def test_two_ways_to_write_one_number_are_one_protocol() -> None:
    assert parse_protocol(FULL).digest == parse_protocol(FULL.replace("maximum = 60", "maximum = 60.0")).digest
    assert parse_protocol(FULL).digest != parse_protocol(FULL.replace("maximum = 60", "maximum = 61")).digest


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("name = 3", 1, "name"),
        ('name = " "', 1, "name"),
        ("\nhorizons = [84]", 2, "horizons"),
        ("\n[remision]\nwindow_days = [7, 31]", 2, "remision"),
        ('[remission]\nanchor = "index"\nwindow = [7, 31]', 3, "remission.window"),
        ("[remission]\nwindow_days = [31, 7]", 2, "remission.window_days"),
        ("[remission]\nwindow_days = [7]", 2, "remission.window_days"),
        ("[remission]\nwindow_days = [-1, 7]", 2, "remission.window_days"),
        ("[remission]\nwindow_days = [7.0, 31.0]", 2, "remission.window_days"),
        ("[remission]\nrequire_reliable_drop = 1", 2, "remission.require_reliable_drop"),
        ('[remission]\nanchor = "first_session"', 2, "remission.anchor"),
        ("[remission]\ninstrument = []", 2, "remission.instrument"),
        ("[acute]\nmax_days = true", 2, "acute.max_days"),
        ("[acute]\nmax_days = 2024-05-01", 2, "acute.max_days"),
        ("acute = 42", 1, "acute"),
        ("acute.max_days = -1", 1, "acute.max_days"),
        ('[relapse]\nrule = "any"', 2, "relapse.rule"),
        ('[relapse]\nevents = ["death"]', 2, "relapse.events"),
        ('[relapse]\nevents = ["withdrawal"]', 2, "relapse.events"),
        ('[relapse]\nevents = ["fell_ill"]', 2, "relapse.events"),
        ("[sustained_remission]\nhorizons_days = []", 2, "sustained_remission.horizons_days"),
        ("[sustained_remission]\nhorizons_days = [0]", 2, "sustained_remission.horizons_days"),
        ("landmarks = []", 1, "landmarks"),
        ('[landmarks]\nname = "x"\nday = 1', 1, "landmarks"),
        ("[[landmarks]]\nday = 1", 1, "landmarks.1.name"),
        ('[[covariates]]\nname = "Expectancy"\nkind = "binary"\nmeaning = "m"', 2, "covariates.1.name"),
        ('[[covariates]]\nname = "x"\nkind = "ordinal"\nmeaning = "m"', 3, "covariates.1.kind"),
        ('[[covariates]]\nname = "x"\nkind = "binary"', 1, "covariates.1.meaning"),
        (CESD.replace("maximum = 60", "maximum = nan"), 4, "instruments.cesd.maximum"),
        (CESD.replace("reliable_change = 9", "reliable_change = 0"), 7, "instruments.cesd.reliable_change"),
        (OWN.replace('source = "Radloff 1977"\n', ""), 1, "instruments.own_scale.source"),
        ('[instruments."my scale"]\n' + CESD.partition("\n")[2], 1, "instruments"),
    ],
)
def test_an_unknown_key_or_a_value_of_another_kind_is_refused_at_its_line(text: str, line: int, key: str) -> None:
    assert refused(text) == [(line, key)]


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        pytest.param('[[landmarks]]\nname = "a"\nday = 1\n[[landmarks]]\nname = "b"', 4, "landmarks.2", id="no moment"),
        pytest.param('[[landmarks]]\nname = "a"\nday = 1\nbefore_session = 1', 1, "landmarks.1", id="two moments"),
        pytest.param(
            '[[landmarks]]\nname = "a"\nday = 1\nelse_days = 3', 4, "landmarks.1.else_days", id="else on a day"
        ),
        pytest.param(
            '[[landmarks]]\nname = "a"\nbefore_session = 1\nelse_days = 3',
            4,
            "landmarks.1.else_days",
            id="nothing before session 1",
        ),
        pytest.param(
            '[[landmarks]]\nname = "a"\nday = 1\n[[landmarks]]\nname = "a"\nday = 2',
            5,
            "landmarks.2.name",
            id="one name twice",
        ),
        pytest.param(
            '[[landmarks]]\nname = "a"\nbefore_session = 3\n[[landmarks]]\nname = "b"\nbefore_session = 2',
            6,
            "landmarks.2.before_session",
            id="session 2 below session 3",
        ),
        pytest.param(
            '[[landmarks]]\nname = "a"\nday = 9\n[[landmarks]]\nname = "b"\nday = 8',
            6,
            "landmarks.2.day",
            id="day 8 below day 9",
        ),
        pytest.param(
            '[[landmarks]]\nname = "a"\nday = 9\n[[landmarks]]\nname = "b"\nbefore_session = 1',
            6,
            "landmarks.2.before_session",
            id="session 1, on day 0, below day 9",
        ),
        pytest.param(
            "[eligibility]\nmaximum_age = 60\nminimum_age = 65",
            3,
            "eligibility.minimum_age",
            id="ages that exclude all",
        ),
        pytest.param('[remission]\ninstrument = "gad8"', 2, "remission.instrument", id="unknown scale"),
        pytest.param('[remission]\ninstrument = "cadss"', 2, "remission.instrument", id="experience"),
        pytest.param(
            '[remission]\nstate = "at_landmark"\nwindow_days = [7, 31]',
            3,
            "remission.window_days",
            id="window beside at_landmark",
        ),
        pytest.param(
            '[relapse]\nrule = "event"\nconfirm_within_days = [7, 28]',
            3,
            "relapse.confirm_within_days",
            id="nothing to confirm",
        ),
        pytest.param('[relapse]\nrule = "event"\nevents = []', 3, "relapse.events", id="no event"),
        pytest.param(
            "[sustained_remission]\nhorizons_days = [182, 84]",
            2,
            "sustained_remission.horizons_days",
            id="horizons fall",
        ),
        pytest.param(
            "[sustained_remission]\nhorizons_days = [84, 84]",
            2,
            "sustained_remission.horizons_days",
            id="horizon twice",
        ),
        pytest.param(
            '[[covariates]]\nname = "age_years"\nkind = "binary"\nmeaning = "m"',
            2,
            "covariates.1.name",
            id="name of a column",
        ),
        pytest.param(
            '[[covariates]]\nname = "change_points"\nkind = "binary"\nmeaning = "m"',
            2,
            "covariates.1.name",
            id="name of a feature",
        ),
        pytest.param(
            '[[covariates]]\nname = "x"\nkind = "number"\nmeaning = "m"', 1, "covariates.1", id="number without bounds"
        ),
        pytest.param(
            '[[covariates]]\nname = "x"\nkind = "binary"\nminimum = 0\nmeaning = "m"',
            1,
            "covariates.1",
            id="binary with a bound",
        ),
        pytest.param("[instruments.gad7]\nremission_at_most = 10", 1, "instruments.gad7", id="bands overlap"),
        pytest.param("[instruments.gad7]\nrelapse_at_least = 22", 1, "instruments.gad7", id="relapse beyond range"),
        pytest.param("[instruments.cadss]\nremission_at_most = 2", 1, "instruments.cadss", id="experience as outcome"),
    ],
)
def test_rules_that_contradict_one_another_are_refused_at_the_line_to_correct(text: str, line: int, key: str) -> None:
    assert refused(text) == [(line, key)]


def test_landmarks_whose_order_in_time_differs_between_patients_may_stand_in_any() -> None:
    """Session 2 comes before day 14 for some patients and after it for others; two landmarks may be on one day."""
    for first, second in (
        ("day = 14", "before_session = 2"),
        ("before_session = 2", "day = 14"),
        ("day = 9", "day = 9"),
    ):
        text = f'[[landmarks]]\nname = "a"\n{first}\n[[landmarks]]\nname = "b"\n{second}\n'
        assert [landmark.name for landmark in parse_protocol(text).landmarks] == ["a", "b"]


def test_an_age_is_a_number_of_years_that_somebody_can_have() -> None:
    assert parse_protocol("[eligibility]\nminimum_age = 10.5\n").eligibility.minimum_age == 10.5
    for value in ("-1", "111", '"18"', "true"):
        assert refused(f"[eligibility]\nminimum_age = {value}\n") == [(2, "eligibility.minimum_age")]
    assert refused("[eligibility]\nage = 18\n") == [(2, "eligibility.age")]


def test_a_protocol_stored_before_there_were_age_limits_has_none() -> None:
    document = json.loads(Protocol().document)
    del document["eligibility"]
    assert protocol_from_document(json.dumps(document)).eligibility == EligibilityRule(0, 110)


def test_every_problem_is_reported_in_the_order_of_the_lines() -> None:
    text = '[remission]\nanchor = 1\n\n[acute]\nmax_day = 3\n\n[relapse]\nrule = "never"\n'
    assert refused(text) == [(2, "remission.anchor"), (5, "acute.max_day"), (8, "relapse.rule")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('name = "a"\nname = "b"\n', 2),
        ("[relapse\n", 1),
        ('name = "a"\n[acute]\nmax_days =\n', 3),
        ("x = " + "[" * 20_000, 1),
        ("[acute]\nmax_days = " + "9" * 5_000, 2),
    ],
)
def test_a_text_that_is_not_toml_is_refused_without_a_traceback(text: str, line: int) -> None:
    assert refused(text) == [(line, None)]


def test_the_protocols_of_published_cohorts_are_read() -> None:
    if not COHORTS.is_dir():
        pytest.skip(f"the published cohorts are not at {COHORTS}")
    for path in sorted(COHORTS.glob("*/protocol.toml")):
        protocol = parse_protocol(path.read_text(encoding="utf-8"))
        assert protocol.name == path.parent.name
        assert protocol_from_document(protocol.document) == protocol


@pytest.mark.parametrize("name", sorted(STUDY_COLUMNS))
def test_a_study_may_declare_a_column_that_studies_measure_on_scales_of_their_own(name: str) -> None:
    declared = f'[[covariates]]\nname = "{name}"\nkind = "number"\nminimum = 1\nmaximum = 7\nmeaning = "m"\n'
    (column,) = (column for column in parse_protocol(declared).tables["patients"] if column.name == name)
    assert (column.kind, column.minimum, column.maximum) == ("number", 1, 7)
    with pytest.raises(ProtocolRefusedError) as refused:
        parse_protocol(declared * 2)
    assert [(problem.column, problem.required) for problem in refused.value.problems] == [
        ("covariates.2.name", "a name of its own")
    ]
