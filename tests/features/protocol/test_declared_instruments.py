"""A scale of which higher scores are better is declared with keys of its own, and contradicting keys are refused."""

import pytest

from features.protocol.document import protocol_from_document
from features.protocol.instrument import Instrument
from features.protocol.problems import ProtocolRefusedError
from features.protocol_reading import parse_protocol

WELL = """[instruments.well]
title = "Well-being"
minimum = 10
maximum = 50
higher_is = "better"
remission_at_least = 40
relapse_at_most = 30
reliable_change = 5
source = "ours"
"""


def refused(text: str) -> list[tuple[int, str | None, str]]:
    with pytest.raises(ProtocolRefusedError) as refusal:
        parse_protocol(text)
    return [((p.row or 0) + 1, p.column, p.required) for p in refusal.value.problems]


def test_a_mirrored_scale_has_its_cut_offs_in_points_as_recorded_and_in_severity_points() -> None:
    protocol = parse_protocol(WELL)
    scale = protocol.instruments["well"]
    assert (scale.remission_band, scale.relapse_band) == ("at least 40", "at most 30")
    assert scale.severity_numbers["remission_at_most"] == 10 + 50 - 40
    assert scale.severity_numbers["relapse_at_least"] == 10 + 50 - 30
    assert scale.decides_outcomes
    code = protocol.instrument_names.index("well")
    assert protocol.scale_numbers["remission_at_most"][code] == 20
    assert protocol_from_document(protocol.document) == protocol


def test_a_score_that_is_turned_twice_is_the_same() -> None:
    scale = Instrument("x", "x", 0.3, 21.1, None, None, 1, "x", higher_is="better")
    for points in (0.3, 8.2, 12.7, 21.1):
        assert scale.severity(scale.severity(points)) == points


@pytest.mark.parametrize(
    ("text", "line", "key", "required"),
    [
        (
            WELL.replace("remission_at_least = 40", "remission_at_most = 40"),
            6,
            "remission_at_most",
            "remission_at_least",
        ),
        (WELL.replace("relapse_at_most = 30", "relapse_at_least = 30"), 7, "relapse_at_least", "relapse_at_most"),
        (WELL.replace('higher_is = "better"\n', ""), 5, "remission_at_least", "remission_at_most"),
        (WELL.replace('"better"', '"best"'), 5, "higher_is", '"worse" or "better"'),
        (WELL.replace("relapse_at_most = 30\n", ""), 1, "relapse_at_most", "a value for relapse_at_most"),
        (WELL.replace("reliable_change = 5\n", ""), 1, "reliable_change", "a value for reliable_change"),
    ],
)
def test_a_key_that_contradicts_the_direction_or_is_missing_is_refused_at_its_line(
    text: str, line: int, key: str, required: str
) -> None:
    found = refused(text)
    assert (line, f"instruments.well.{key}") == found[0][:2]
    assert required in found[0][2]


@pytest.mark.parametrize("bands", [(30, 30), (30, 40), (51, 30), (40, 9)])
def test_the_bands_of_a_mirrored_scale_may_not_meet_or_leave_its_range(bands: tuple[int, int]) -> None:
    text = WELL.replace("remission_at_least = 40", f"remission_at_least = {bands[0]}")
    (problem,) = refused(text.replace("relapse_at_most = 30", f"relapse_at_most = {bands[1]}"))
    assert problem == (1, "instruments.well", "minimum <= relapse_at_most < remission_at_least <= maximum")


def test_the_direction_of_a_built_in_scale_stays() -> None:
    assert refused('[instruments.gad7]\nhigher_is = "better"\n')[0][:2] == (2, "instruments.gad7.higher_is")
    assert refused("[instruments.who5]\nremission_at_most = 3\n")[0][:2] == (2, "instruments.who5.remission_at_most")
    same = parse_protocol('[instruments.gad7]\nhigher_is = "worse"\n')
    assert same.document == parse_protocol("[instruments.gad7]\n").document
