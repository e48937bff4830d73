"""Scales that were built in later: nothing of an earlier study changes, and what is not published decides nothing."""

import re

import pytest

from features.catalogue import fingerprint
from features.protocol.document import protocol_from_document
from features.protocol.instrument import Instrument
from features.protocol.instruments import (
    DEPRESSION_SCALES,
    FIRST_INSTRUMENTS,
    INSTRUMENTS,
    LATER_DEPRESSION_SCALES,
    LATER_INSTRUMENTS,
)
from features.protocol.problems import ProtocolRefusedError
from features.protocol_reading import parse_protocol
from tests.cohorts import DEFAULT, cohort_of

CESD = """
[instruments.cesd]
title = "Center for Epidemiologic Studies Depression Scale"
minimum = 0
maximum = 60
remission_at_most = 15
relapse_at_least = 21
reliable_change = 9
source = "Radloff 1977"
"""
EARLIER = f"""
name = "clinic study"
[remission]
instrument = ["cesd", "gad7"]
{CESD}
[instruments.gad7]
remission_at_most = 7
[[covariates]]
name = "remote"
kind = "binary"
meaning = "sessions by video"
"""
ASKED_FOR = [
    "who5",
    "hads_a",
    "hads_d",
    "dass21_anxiety",
    "stai_s",
    "stai_t",
    "spin",
    "ocir",
    "qids_sr16",
    "cesd",
    "promis_anxiety",
    "promis_depression",
    "caps5",
    "gad2",
]


def test_the_digests_of_an_earlier_study_are_those_that_it_had_before_the_later_scales() -> None:
    """The digests were written by the version before them, whose built-in scales had no `cesd`."""
    cohort = cohort_of(
        EARLIER,
        patients="""
            patient_id  site_id  age_years  remote
            a           c1       40         true
            b           c2       -          false
        """,
        sessions="""
            patient_id  session_number  day  kind
            a           1               0    dosing
            a           1               3    psychotherapy
        """,
        assessments="""
            patient_id  day  instrument  score
            a           -3   cesd        31
            a           14   cesd        12
            a           -3   gad7        16
            b           0    pswq        50
        """,
    )
    assert cohort.protocol.digest == "2b726781acc956f9bfb90003e564e53bd2093202e309c112de4f271d326c8523"
    assert cohort.digest == "96c1478b41bbc676ee988dac73dc69f3917856295c373da99ff7f055fd28cc13"
    assert fingerprint(cohort.protocol) == "a64bb56933a8ceb0a13e749b64c6393a773b488a0ea34153702140a6a97a1373"
    assert DEFAULT.digest == "6647003819f45d8ee3c7ad38c31c398b4c02a2e49ff36bad065b9a1680886958"
    assert fingerprint(DEFAULT) == "628836449bc00b6b927a8781360e9b03f60ce9426be3e66d95a55f1d42e74764"


def test_codes_are_those_of_the_first_scales_then_of_the_study_s_own_then_of_the_later_ones() -> None:
    names = parse_protocol(EARLIER).instrument_names
    later = [name for name in LATER_INSTRUMENTS if name != "cesd"]
    assert list(names) == [*FIRST_INSTRUMENTS, "cesd", *later]
    assert list(DEFAULT.instrument_names) == [*FIRST_INSTRUMENTS, *LATER_INSTRUMENTS]


def test_a_whole_declaration_of_a_later_scale_keeps_nothing_of_the_built_in_one() -> None:
    declared = parse_protocol(CESD).instruments["cesd"]
    title, source = "Center for Epidemiologic Studies Depression Scale", "Radloff 1977"
    assert declared == Instrument("cesd", title, 0, 60, 15, 21, 9, source)
    assert INSTRUMENTS["cesd"].severity_bands


def test_a_mirrored_scale_may_be_declared_whole_as_it_was_before_there_were_mirrored_ones() -> None:
    """A study that turned its WHO-5 itself called low scores better."""
    own = CESD.replace("cesd", "who5").replace("maximum = 60", "maximum = 100")
    assert parse_protocol(own).instruments["who5"].higher_is == "worse"
    part = '[instruments.who5]\nrelapse_at_most = 40\nsource = "ours"\n'
    assert parse_protocol(part).instruments["who5"].relapse_at_most == 40
    assert parse_protocol(part).instruments["who5"].higher_is == "better"


def test_second_scales_are_chosen_as_before_with_later_depression_scales_in_front_of_the_rest() -> None:
    def names(text: str) -> list[str]:
        protocol = parse_protocol(text)
        return [protocol.instrument_names[code] for code in protocol.second_scales]

    plain, own = names(""), names(EARLIER)
    assert plain[:8] == [*DEPRESSION_SCALES, *LATER_DEPRESSION_SCALES]
    assert [name for name in own if name not in LATER_INSTRUMENTS or name == "cesd"] == [
        *DEPRESSION_SCALES,
        *(
            name
            for name, scale in FIRST_INSTRUMENTS.items()
            if scale.kind == "outcome" and name not in DEPRESSION_SCALES
        ),
        "cesd",
    ]
    assert set(plain) == set(own) == {name for name, scale in INSTRUMENTS.items() if scale.kind == "outcome"}


def test_the_scales_that_were_asked_for_are_built_in() -> None:
    assert list(LATER_INSTRUMENTS) == ASKED_FOR


@pytest.mark.parametrize("scale", INSTRUMENTS.values(), ids=lambda scale: scale.name)
def test_a_built_in_scale_is_sound_and_says_where_its_numbers_come_from(scale: Instrument) -> None:
    numbers = scale.severity_numbers
    remission, relapse, change = (numbers[key] for key in ("remission_at_most", "relapse_at_least", "reliable_change"))
    if remission is not None and relapse is not None:
        assert scale.minimum <= remission < relapse <= scale.maximum
    assert change is None or 0 < change < scale.maximum - scale.minimum
    lowest = [low for low, _ in scale.severity_bands]
    assert lowest == sorted(set(lowest))
    assert not lowest or (lowest[0] == scale.minimum and lowest[-1] <= scale.maximum)
    tagged = re.search(r"\[(seen|recalled|judgement|recalled, low|seen in a repository)\]", scale.source)
    assert tagged or scale.source.startswith("range")
    if scale.kind == "outcome" and scale.unpublished:
        assert re.search("no published value seen|none decides an outcome", scale.source)


@pytest.mark.parametrize("name", ["hads_a", "hads_d", "promis_depression"])
def test_a_change_that_matters_to_patients_is_not_taken_for_one_beyond_measurement_error(name: str) -> None:
    """Of these scales a minimal important difference is published, which is no larger than their measurement error."""
    scale = INSTRUMENTS[name]
    assert scale.reliable_change is None
    assert "important difference" in scale.source
    assert not scale.decides_outcomes


@pytest.mark.parametrize("name", [name for name, scale in LATER_INSTRUMENTS.items() if scale.unpublished])
def test_a_scale_without_a_published_number_decides_nothing_until_the_study_gives_it(name: str) -> None:
    text = f'[remission]\ninstrument = "{name}"\n'
    with pytest.raises(ProtocolRefusedError) as refused:
        parse_protocol(text)
    (problem,) = refused.value.problems
    assert (problem.row, problem.column) == (1, "remission.instrument")
    lacking = LATER_INSTRUMENTS[name].unpublished
    assert f"give {', '.join(lacking)} in [instruments.{name}]" in problem.required
    scale = LATER_INSTRUMENTS[name]
    given = {"remission_at_most": scale.minimum + 1, "relapse_at_least": scale.minimum + 2, "reliable_change": 1}
    remedy = "".join(f"{key} = {given[key]}\n" for key in lacking)
    protocol = parse_protocol(f"{text}[instruments.{name}]\n{remedy}")
    assert protocol.instruments[name].decides_outcomes
    assert protocol_from_document(protocol.document) == protocol
