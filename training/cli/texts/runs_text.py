"""The trainings of a store as lines of a terminal, at most ``WIDTH`` characters each."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from training.registry.names import version_for_commands

if TYPE_CHECKING:
    from training.tracking.runs import HeadlineFigure, ListedTraining

WIDTH, COLUMN = 100, 33
MEASURES = {"auc": "AUC", "c_index": "C-index"}
NONE = "no training yet; begin with: kap train COHORT"
READING = "Figures are those of the winner on held-out patients, with 95% intervals; 0.5 is chance."
TIMES = "Times are UTC."
NEXT = "next: kap promote VERSION, or kap history for the decisions"
UNFINISHED = {
    "running": 'running since {started} as "{name}"; the figures come at its end',
    "not ended": "nobody ended this run, and its process is gone or on another machine",
}


def runs_text(listed: Sequence["ListedTraining"]) -> str:
    """A paragraph for each training, and how to read the figures."""
    if not listed:
        return NONE
    paragraphs = ["\n".join(line[:WIDTH] for line in _lines(one)) for one in listed]
    notes = [
        *([READING] if any(one.landmarks for one in listed) else []),
        TIMES,
        *([NEXT] if any(one.version for one in listed) else []),
    ]
    return "\n\n".join([*paragraphs, "\n".join(notes)])


def _lines(one: "ListedTraining") -> Iterator[str]:
    name = f"no version ({one.status})"
    if one.version and one.model:
        name = f"version {version_for_commands(one.model, one.version)}"
    update = "update on " if one.kind == "update" else ""
    marks = {
        "champion": one.champion,
        "promoted earlier": one.promoted and not one.champion,
        "research only": bool(one.research_only),
        one.status: bool(one.version) and one.status != "finished",
        "QUICK": one.quick,
        "SYNTHETIC": one.synthetic,
    }
    shown = [mark for mark, applies in marks.items() if applies]
    yield "  ".join([name, f"{update}{_short(one.cohort)}", one.started, f"run {one.run_id[:8]}", *shown])
    if one.status in UNFINISHED:
        yield f"  {UNFINISHED[one.status].format(started=one.started, name=_short(one.name, 40))}"
    if one.unread and one.status == "finished":
        yield f"  {one.unread}"
    if one.landmarks:
        wide = max(len(_short(landmark.landmark)) for landmark in one.landmarks)
        heads = {figure.head: MEASURES[figure.measure] for figure in one.landmarks[0].figures}
        yield f"  {'':<{wide}}  {_columns([f'{head}: {measure}' for head, measure in heads.items()])}"
        for landmark in one.landmarks:
            yield f"  {_short(landmark.landmark):<{wide}}  {_columns(list(map(_figure, landmark.figures)))}"


def _columns(cells: Sequence[str]) -> str:
    return "  ".join(f"{cell:<{COLUMN}}" for cell in cells).rstrip()


def _figure(figure: "HeadlineFigure") -> str:
    winner = _short((figure.winner or "none").rpartition(":")[2], 15)
    if figure.estimate is None:
        return winner
    text = f"{winner:<15} {figure.estimate:.2f}"
    if figure.low is not None and figure.high is not None and figure.low < figure.high:
        text += f" ({figure.low:.2f}-{figure.high:.2f})"
    return text


def _short(text: str, most: int = 24) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
