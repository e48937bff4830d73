"""The data dictionary of a protocol: tables, instruments and features, written from their declarations alone.

`python -m features.dictionary > features/README.md` writes this package's README, the dictionary of the default
protocol; a test keeps the file equal to what the code declares.
"""

import sys
from collections.abc import Iterable, Sequence

from features.catalogue import Feature, catalogue, fingerprint
from features.protocol.columns import STUDY_COLUMNS, TABLES, Column
from features.protocol.document import Protocol
from features.protocol.instruments import Instrument

_HEAD = """\
# features

What is known about a patient at the moment of prediction: one row of numbers per patient, built by one function,
`build_features(cohort, landmark)`, which training and serving both call. It cuts the record at the landmark itself
(`landmark.known_at`), so that nothing recorded later can reach a feature.

This package needs NumPy alone and imports none of its sisters; `models`, `training` and `serving` may all import it.
A rating scale is declared in `instruments.py`, a table's column in `columns.py`, a feature in `catalogue.py`, each
once; ranges, checks, the request contract and the rest of this file are read from there.

A study may declare a covariate with the name of one of these built-in columns:
{study_columns}.
The declaration then takes that column's place: its range holds, a request sends it under `covariates`, and the
feature keeps the built-in sign and source. A study that counts in the opposite direction gives its covariate another
name.

Three choices in the catalogue need their reason:

* An adequate failure counts in `adequate_failures` (ketamine also in `ketamine_failures`) and nowhere else. The other
  counts leave failures out. So one more failure moves only features with an expected sign, and no model can learn that
  it is good news. The course number is 1 + `prior_ketamine_not_failed` + `ketamine_failures`.
* Age at onset is no feature: it is `age_years` less `illness_duration_years`, which a linear model has already, and it
  would let a longer illness act against its sign.
* A dose in mg/kg is no feature: it says which route was used, and with it which clinic. `route_dose.py` declares the
  usual dose and the upper limit of every route.

`clinical_facts.py` declares the facts whose direction a model must keep. A test asserts that each of them moves only
features whose signs have its direction.

The rest of this file is written by the code. After changing a declaration:

```sh
python -m features.dictionary > features/README.md
```

"""
_READING_FEATURES = """\
In the order of the columns of a feature row; a feature is missing where its record is. *remission* and *relapse* say
whether a larger value is expected to make the outcome more or less likely; blank: no expectation."""
_READING_SCREENING = """\
Facts to screen for, for the clinician to weigh: {names}. They come back as cautions beside an answer, are never
features, and change no number."""
_READING_SOURCES = """\
Sources of the numbers, each *seen* in the cited source, *recalled* (a convention not verified) or our *judgement*:"""
_COLUMN_HEADER = ("column", "holds", "unit", "required", "meaning")
_INSTRUMENT_HEADER = ("name", "title", "range", "remission at most", "relapse at least", "reliable change", "bands")
_FEATURE_HEADER = ("feature", "unit", "range", "remission", "relapse", "meaning", "source")
_SIGNS = {-1: "less", 0: "", 1: "more"}


def readme() -> str:
    """The README of this package: a short head, then the data dictionary of the default protocol."""
    names = [f"`{column.name}`" for column in TABLES["patients"] if column.name in STUDY_COLUMNS]
    head = _HEAD.format(study_columns=f"{', '.join(names[:-1])} and {names[-1]}")
    return head + data_dictionary(Protocol())


def data_dictionary(protocol: Protocol) -> str:
    """The tables, the instruments and the features under a protocol, as Markdown."""
    parts = [
        f"# Data dictionary of the protocol {protocol.name}",
        "Days are whole numbers from day 0, the first dosing session. An empty cell means *not recorded*.",
        "## Tables",
        *(_table_of_columns(name, columns) for name, columns in protocol.tables.items()),
        "## Instruments",
        "Points of the scale; higher is worse. An experience may be recorded but decides no outcome.",
        _markdown(_INSTRUMENT_HEADER, (_instrument_row(scale) for scale in protocol.instruments.values())),
        _READING_SOURCES,
        "\n".join(f"* `{scale.name}`: {scale.source}" for scale in protocol.instruments.values()),
        "## Features",
        _READING_FEATURES,
        *_feature_tables(catalogue(protocol)),
        f"Fingerprint of the declarations: `{fingerprint(protocol)}`",
    ]
    return "\n\n".join(parts) + "\n"


def _table_of_columns(table: str, columns: Sequence[Column]) -> str:
    listed = f"### `{table}`\n\n" + _markdown(_COLUMN_HEADER, (_column_row(column) for column in columns))
    screening = ", ".join(f"`{column.name}`" for column in columns if column.screening)
    return f"{listed}\n\n{_READING_SCREENING.format(names=screening)}" if screening else listed


def _column_row(column: Column) -> tuple[str, ...]:
    holds = column.requirement().removesuffix(f" {column.unit}")
    return f"`{column.name}`", holds, column.unit, "yes" if column.required else "", column.meaning


def _instrument_row(scale: Instrument) -> tuple[str, ...]:
    bands = ", ".join(f"{low:g} {band}" for low, band in scale.severity_bands)
    cut_offs = (scale.remission_at_most, scale.relapse_at_least, scale.reliable_change)
    numbers = ("an experience" if number is None else f"{number:g}" for number in cut_offs)
    return f"`{scale.name}`", scale.title, _range(scale.minimum, scale.maximum), *numbers, bands


def _feature_tables(features: Sequence[Feature]) -> Iterable[str]:
    for group in dict.fromkeys(feature.group for feature in features):
        rows = (_feature_row(feature) for feature in features if feature.group == group)
        yield f"### {group.capitalize()}\n\n" + _markdown(_FEATURE_HEADER, rows)


def _feature_row(feature: Feature) -> tuple[str, ...]:
    return (
        f"`{feature.name}`",
        feature.unit,
        _range(feature.minimum, feature.maximum),
        _SIGNS[feature.remission_sign],
        _SIGNS[feature.relapse_sign],
        feature.meaning,
        feature.source,
    )


def _range(minimum: float, maximum: float) -> str:
    return f"{minimum:.15g} to {maximum:.15g}"


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(readme())
