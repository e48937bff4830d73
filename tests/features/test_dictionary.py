"""The README of the package is what the code declares, and leaves nothing out."""

import subprocess
import sys
from dataclasses import replace

from features.catalogue import catalogue, fingerprint
from features.dictionary import data_dictionary, readme
from features.protocol.document import Covariate
from features.protocol.instruments import Instrument
from tests.cohorts import DEFAULT
from tests.places import ROOT as PROJECT


def test_the_readme_is_up_to_date() -> None:
    assert (PROJECT / "features" / "README.md").read_text(encoding="utf-8") == readme(), (
        "run: python -m features.dictionary > features/README.md"
    )


def test_the_documented_command_writes_the_readme() -> None:
    command = "python -m features.dictionary > features/README.md"
    assert command in readme()
    _, *arguments = command.removesuffix(" > features/README.md").split()
    written = subprocess.run([sys.executable, *arguments], cwd=PROJECT, capture_output=True, check=True)
    assert written.stdout.decode("utf-8") == readme()


def test_every_declaration_is_listed_once() -> None:
    own = Instrument("cesd", "CES-D", 0, 60, 15, 21, 9, source="Radloff 1977")
    covariate = Covariate("expectancy", "number", "expectation of benefit", 0, 10)
    protocol = replace(DEFAULT, own_instruments=(own,), covariates=(covariate,))
    lines = data_dictionary(protocol).splitlines()
    sections = "\n".join(lines).split("\n## ")
    tables, instruments, features = sections[1:]
    for columns in protocol.tables.values():
        for column in columns:
            assert f"| `{column.name}` |" in tables
            assert column.meaning in tables
    for name, scale in protocol.instruments.items():
        assert instruments.count(f"| `{name}` |") == 1
        assert f"* `{name}`: {scale.source}" in instruments
    for feature in catalogue(protocol):
        assert features.count(f"| `{feature.name}` |") == 1
        assert feature.meaning in features
        assert feature.source in features
    assert fingerprint(protocol) in features


def test_numbers_are_those_of_the_declarations() -> None:
    text = data_dictionary(DEFAULT)
    assert (
        "| `gad7` | Generalised Anxiety Disorder scale, 7 items | 0 to 21 | at most 4 | at least 10 | 6 | 0 minim"
        in text
    )
    assert "| 0 to 100 | at least 52 | at most 48 | 10 | 0 poor well-being" in text
    assert "| `promis_anxiety` | PROMIS Anxiety, T score | 30 to 90 | not published | not published |" in text
    assert "| `cadss` | Clinician-Administered Dissociative States Scale | 0 to 92 | an experience |" in text
    assert "| `age_years` | a number from 10 to 110 | years |  | age at day 0 |" in text
    assert "| `baseline_severity_share` | share | 0 to 1 | less | more | Baseline score as a share" in text


def test_every_line_of_a_table_has_as_many_cells_as_its_header() -> None:
    header = 0
    for line in readme().splitlines():
        if not line.startswith("|"):
            header = 0
            continue
        cells = line.replace("\\|", "").count("|")
        header = header or cells
        assert cells == header, line
