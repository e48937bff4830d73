"""A landmark may be called as the study calls it; the name is a part of metrics, runs and files."""

import json
import re

import pytest

from features.protocol.problems import InputRefusedError
from features.protocol_reading import parse_protocol
from training.tracking.metrics import slugs_of

NAMES = ("day 14 (after dose 2)", "Woche 6 \u2013 vor der Größe, ß", "a/b: 50% \"x\" 'y' | <b> #1", "x" * 80)


def read(name: str) -> str:
    return parse_protocol(f"[[landmarks]]\nname = {json.dumps(name)}\nbefore_session = 2\n").landmarks[0].name


@pytest.mark.parametrize("name", NAMES)
def test_any_printable_name_is_read_and_gives_metrics_a_name(name: str) -> None:
    assert read(name) == name
    (slug,) = slugs_of([name])
    assert re.fullmatch(r"[\w]+", slug)


@pytest.mark.parametrize("name", ["x" * 81, "two\nlines", "tab\tbed", "\u200bhidden"])
def test_another_name_is_refused_before_any_work(name: str) -> None:
    with pytest.raises(InputRefusedError) as said:
        read(name)
    assert "80" in str(said.value.problems[0].required)
