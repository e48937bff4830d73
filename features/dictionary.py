"""The data dictionary of a protocol: tables, instruments and features, generated from their declarations.

`python -m features.dictionary > features/README.md` writes this package's README, the dictionary of the default
protocol; a test keeps the file equal to what the code declares.
"""

import sys
from collections.abc import Iterable, Sequence

from features.catalogue import Feature, catalogue, fingerprint
from features.protocol.columns import STUDY_COLUMNS, TABLES, Column
from features.protocol.document import Protocol
from features.protocol.instruments import Instrument
from features.protocol.own_feature import EVENT_COUNTS, SESSION_COUNTS, SESSION_QUANTITIES

_HEAD = """\
# features

A feature is a number known about a patient at the landmark (the moment of prediction).
`build_features(cohort, landmark)` builds one row of features per patient. Training and serving both call it. It cuts
the record at the landmark (`landmark.known_at`), so that nothing recorded later can reach a feature.

This package needs only NumPy and numba ([how functions are compiled](compilation/README.md)). `models`, `training` and
`serving` may import it; it imports none of them. Each rating scale is declared once in `protocol/instruments.py` or `protocol/later_instruments.py`, each column of a table in
`protocol/columns.py`, each feature in `catalogue.py` or, for the patient's context, in
`definitions/context_features.py`. Ranges, checks, the request contract and the rest of this file are generated from
these declarations.

A study may declare a covariate with the name of one of these built-in columns:
{study_columns}.
The declaration then replaces that column: its range applies, a request sends it under `covariates`, and the feature
keeps the built-in sign and source. If a study counts in the opposite direction, its covariate needs another name.

A category (`kind = "category"`) becomes one feature for each of its `levels`, 1 or 0, as the diagnosis does. All of
them are missing where it is not recorded.

A cohort holds *severity points*, in which higher is worse for every scale. Where `higher_is = "better"`, they are the
two ends of the range added up, less the score. `records/severity.py` turns them, when a cohort is assembled and when a
score is shown. So rules and features know one direction, and people see the points that were recorded.

A rating with `after_dose = true` was taken after the dose of its day. It is known from the next day on
(`records/rating_days.py`). On day 0 it is no baseline, and it counts as a rating after day 0. On one day a patient may
have a rating of a scale before the dose and another one after it; where the later one counts, that is the one after it.

No feature reads a preparation session. It may be before day 0, and is numbered within its kind.

An earlier treatment whose `outcome` is not recorded counts as no failure and no response, and one whose `adequate` is
not recorded as no failure. `adequate_failures`, `ketamine_failures`, `ketamine_responses` and `earlier_response` are
then 0, not missing. `kap cohort check` warns where this concerns a tenth of the treatments.

Three choices in the catalogue need a reason:

* An adequate failure counts in `adequate_failures` (ketamine also in `ketamine_failures`) and nowhere else. The other
  counts leave failures out. So one more failure changes only features with a declared sign, and no model can fit it as
  a favourable fact. The course number is 1 + `prior_ketamine_not_failed` + `ketamine_failures`.
* Age at onset is not a feature. It is `age_years` less `illness_duration_years`, which a linear model already has, and
  it would allow a longer illness to act against its declared sign.
* A dose in mg/kg is not a feature. It shows which route was used, and so which clinic. `definitions/route_dose.py`
  declares the usual dose and the upper limit of every route.

`definitions/display_names.py` has the name of each feature in sentences, such as "days since the last dose".

`clinical_facts.py` declares the facts whose direction a model must keep. A test asserts that each of them changes only
features whose declared signs have its direction.

## A feature of the study

A study declares features of its own in `protocol.toml`, without a change of the code:

```toml
[[features]]
name = "lowest_gad7_first_fortnight"
of = "gad7"
measure = "minimum"
from_day = 0
to_day = 14
meaning = "Lowest GAD-7 of the first fortnight"
remission = "less"             # optional: a larger value makes remission less likely; every model keeps to it
relapse = "more"               # optional, in the same way
source = "a reference"         # required beside a direction
```

| key | takes |
| --- | --- |
| `of` | a rating scale of the protocol, in points as recorded; for dosing sessions {session_numbers}; to count only: {only_counted} |
| `measure` | `first`, `last`, `minimum`, `maximum`, `mean`; `change` (the last less the first, from two on); `slope` (least squares, a week); `count` |
| `from_day`, `to_day` | days from day 0, both inclusive and optional; a rating after the dose counts from the next day on |
| `meaning` | a sentence for people; its first clause is the name of the feature in reports and answers |

* It is computed from what is known at the landmark, as all features are. A window that reaches past the landmark counts
  what is known by then. So the same feature means less at an early landmark.
* It is missing where nothing was recorded in the window. A `count` is then 0, from the landmark on at which the window
  has begun. Adverse events are missing where they were recorded for no session.
* Unit and range follow from the quantity. The fingerprint of the catalogue has the whole expression. A request needs no
  further field: a record's ratings, sessions and events are enough.
* A dose in mg/kg means something else for each route. `dose_relative_to_usual` is each dose as a multiple of the usual
  dose of its route.
* A Python function in a file is refused by design. The protocol is part of every bundle, and a bundle holds no code that
  somebody would have to trust. What no expression can say belongs into the catalogue.

## A feature in the catalogue for good

Every model that was fitted before is refused from then on, because its rows have other columns. Train again.

| place | what to add |
| --- | --- |
| `definitions/`, the file of its group | a compiled function of a `KnownPatient`; its docstring is the meaning |
| `definitions/known_patient.py` | only if it needs a number that a patient's rows do not give yet, with the loop that takes it from them |
| `definitions/row.py` | its place in the row, and their number |
| `catalogue.py`, or `definitions/context_features.py` | a line: function, unit, range, signs for remission and relapse, source. The order is that of the row |
| `protocol/columns.py` | only if it needs a column that the format lacks; name it in `LATER_COLUMNS`, so that cohorts keep their digests |
| `definitions/display_names.py` | its name in `LABELS`, and in `_FACTS` what a person records for it |
| `clinical_facts.py` | only if it has a sign and a clinical fact that has none yet |
| `serving/decision/texts/` | its name and a new unit in every language but English; a plain name where a patient would not understand it |
| `tests/features/test_features.py` | the arithmetic: its value for the patient written out there |
| `tests/benchmarks/plain_pandas.py` | the same once more in plain pandas, from the meaning alone |
| `tests/features/protocol/` | the new fingerprint, in two files |
| `tests/earlier/` | drop the served answers, whose models lack the new column; name each feature that changed or went, and why |
| this file | the command below |
| `CHANGELOG.md` | that every model must be trained again |

Then run `python -m pytest tests/features tests/models tests/serving/decision tests/test_earlier_stores.py`. The tests of
earlier stores fail as long as they expect an answer from a model of an earlier catalogue: expect its refusal instead.

## The generated part

The code generates the rest of this file. After you change a declaration, run:

```sh
python -m features.dictionary > features/README.md
```

"""  # noqa: E501 - a row of a Markdown table is one line
_READING_FEATURES = """\
In the order of the columns of a feature row. A feature is missing if its record is. *remission* and *relapse* give the
declared sign: whether a larger value is expected to make the outcome more or less likely. Blank: no expectation."""
_READING_SCREENING = """\
Fields for screening only: {names}. An answer returns them as cautions for the clinician. They are never features and
change no number."""
_READING_SOURCES = """\
Sources of the numbers, each *seen* in the cited source, *recalled* (a convention not verified) or our *judgement*:"""
_READING_INSTRUMENTS = """\
In points of the scale as recorded; higher is worse, unless the bands of remission and relapse say otherwise. An
experience scale may be recorded but decides no outcome. Neither does a scale with a number that is not published: a
study gives it in `[instruments.NAME]`."""
_COLUMN_HEADER = ("column", "holds", "unit", "required", "meaning")
_INSTRUMENT_HEADER = ("name", "title", "range", "remission", "relapse", "reliable change", "bands")
_FEATURE_HEADER = ("feature", "unit", "range", "remission", "relapse", "meaning", "source")
_SIGNS = {-1: "less", 0: "", 1: "more"}


def readme() -> str:
    """The README of this package: an introduction, then the data dictionary of the default protocol."""
    names = [f"`{column.name}`" for column in TABLES["patients"] if column.name in STUDY_COLUMNS]
    head = _HEAD.format(
        study_columns=f"{', '.join(names[:-1])} and {names[-1]}",
        session_numbers=", ".join(f"`{name}`" for name in SESSION_QUANTITIES),
        only_counted=", ".join(f"`{name}`" for name in (*SESSION_COUNTS, *EVENT_COUNTS)),
    )
    return head + data_dictionary(Protocol())


def data_dictionary(protocol: Protocol) -> str:
    """The tables, the instruments and the features under a protocol, as Markdown."""
    parts = [
        f"# Data dictionary of the protocol {protocol.name}",
        "Days are whole numbers from day 0, the first dosing session. An empty cell means *not recorded*.",
        "## Tables",
        *(_table_of_columns(name, columns) for name, columns in protocol.tables.items()),
        "## Instruments",
        _READING_INSTRUMENTS,
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
    unknown = "an experience" if scale.kind == "experience" else "not published"
    change = unknown if scale.reliable_change is None else f"{scale.reliable_change:g}"
    cut_offs = scale.remission_band, scale.relapse_band, change
    return f"`{scale.name}`", scale.title, _range(scale.minimum, scale.maximum), *cut_offs, bands


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
