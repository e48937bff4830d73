"""Writes training/default.toml and training/SETTINGS.md from the declarations of the settings.

Run ``python -m training.settings_page toml > training/default.toml`` and
``python -m training.settings_page page > training/SETTINGS.md``; a test compares both files.
"""

import json
import sys
import textwrap
from typing import Any

from models.settings.declaration import SettingDeclaration
from training.config import DECLARED, PromotionPolicy, TrainingConfig
from training.settings.values import declared_sections

_WIDTH = 118
_TOML_HEAD = """\
# The settings of a training, and what a model must meet to be promoted. To change some: copy this file, keep or delete
# what stays as it is, and give it with kap train DIR --config FILE, or kap promote VERSION --policy FILE. Both commands
# accept the whole file. This file is made from the declarations in the code, as is training/SETTINGS.md, which also has
# the values that each setting takes.
"""
_PAGE_HEAD = """\
# Settings

Everything that is a judgement in the method, and that a reviewer may ask to be varied, is a setting. This page is made
from the declarations in the code: `python -m training.settings_page page > training/SETTINGS.md`.

```sh
cp training/default.toml my.toml       # change what you need; absent keys keep their defaults
kap train demo-cohort --config my.toml
kap promote 1 --policy my.toml --reason "..."
```

An unknown section or key, and a value out of its range, are refused with the line and the nearest known name. The
settings of a training are in its bundle and in MLflow as `setting.tuning.depths` and so on. `kap audit verify` retrains
with them. A record of an earlier version has fewer settings: what it lacks had the value that is the default here.

**What is no setting**

* *Facts:* the cut-offs of scales, the meaning of columns, and the criteria of published methods, such as those of the
  sample size. A study declares its own scales and outcome rules in `protocol.toml`.
* *Privacy:* no figure of fewer than ten patients, and no count of one to four. No setting lowers these.
* *Numerics:* tolerances and steps of the solvers, blocks of memory, points of a drawn curve.
* *What answers say:* the 90% of a patient's interval, the 95% of an interval in the evidence, and the 99 in 100 at the
  edge are in every answer, report and interface.
* *What stops a training:* the cut-offs of the leakage checks. A training that could loosen them would check nothing;
  `--acknowledge` passes a check in the open.
* *What stops nothing:* the warnings of `kap cohort check`.
* *The monitoring:* its chance of a false alarm is guaranteed for its constants only.
"""
_NOTES = {
    "features": "The names are checked when the cohort is read, because a protocol adds features. An update by "
    "`kap recalibrate` leaves out what its parent left out, unless its own file says otherwise. The feature of the "
    "candidate `one_variable` stays, unless that candidate is dropped. The check of implausible features sees what "
    "the candidates see, so that leaving a leaking feature out is the way on; the other leakage checks see the whole "
    "record.",
    "tuning": "Both searches use the training patients of a fit only, in inner folds. The weights of patients "
    "without an outcome, competing events and the width of intervals are always tuned by the grid. With Optuna each "
    "trial of the fit on all patients is a run in MLflow below the candidate's run.",
    "policy": "For `kap promote`. A looser policy needs `--override`.",
}


def default_toml() -> str:
    """The file of all defaults, with a comment on each."""
    parts = [_TOML_HEAD]
    for section, settings in DECLARED.items():
        parts.append(f"\n[{section}]\n" + "".join(map(_toml_of, settings)))
    return "".join(parts)


def page() -> str:
    """The page of all settings, a table per section."""
    titles = {name: _title(kind) for name, (kind, _) in _kinds().items()}
    parts = [_PAGE_HEAD]
    for section, settings in DECLARED.items():
        rows = ["| setting | default | values | meaning | source |", "|---|---|---|---|---|"]
        rows += [
            f"| `{one.name}` | `{json.dumps(one.default)}` | {one.requirement.as_text} | {one.meaning} | {one.source} |"
            for one in settings
        ]
        note = f"{textwrap.fill(_NOTES[section], 120)}\n\n" if section in _NOTES else ""
        parts.append(f"\n## [{section}]\n\n{titles[section]}\n\n{note}" + "\n".join(rows) + "\n")
    return "".join(parts)


def _kinds() -> dict[str, tuple[type, tuple[SettingDeclaration, ...]]]:
    return declared_sections(TrainingConfig, "training") | declared_sections(PromotionPolicy, "policy")


def _title(kind: type) -> str:
    """The first sentence about a section, from its class."""
    line = (kind.__doc__ or "").splitlines()[0].partition(": ")
    text = line[2] or line[0].partition(". ")[0]
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _toml_of(one: SettingDeclaration) -> str:
    source = one.source if one.source[0] == "[" else f"Source: {one.source}"
    comment = textwrap.fill(f"{one.meaning}. {source}", _WIDTH, initial_indent="# ", subsequent_indent="# ")
    return f"\n{comment}\n{one.name} = {_value(one.default)}\n"


def _value(value: Any) -> str:
    """A value in TOML; for numbers, texts and lists of them JSON writes the same."""
    written = json.dumps(value)
    if len(written) <= _WIDTH - 20 or not isinstance(value, list):
        return written
    return "[\n" + "".join(f"  {json.dumps(one)},\n" for one in value) + "]"


if __name__ == "__main__":
    sys.stdout.write(page() if sys.argv[1:] == ["page"] else default_toml())
