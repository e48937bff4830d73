"""The model card in Markdown, and the descriptions of the registered model and its version, made from the evidence."""

from collections.abc import Iterator, Mapping, Sequence

from training.evidence.document import Evidence, LandmarkEvidence
from training.report.facts import ReportFacts
from training.report.wording import interval, measure_title, patients
from training.tracking.metrics import OVERALL, measures_of

CARD = "model_card.md"
SYNTHETIC = "**SYNTHETIC: fitted on made-up patients. It says nothing about real patients.**"
RESEARCH_ONLY = "**RESEARCH ONLY: this version can't be promoted, because its answers can't be exported without code.**"
NOT_FOR_WHOM = (
    "Patients unlike the training patients (outside the applicability) get no answer; those at the edge get a mark.",
    "It predicts an outcome; it does not say which treatment is better.",
    "It is not a medical device.",
)


def model_card(evidence: Evidence, about: ReportFacts, *, research_only: bool = False) -> str:
    """The card of a registered version; the same evidence and facts give the same text."""
    lines = [f"# {about.title}, version {about.model_version}", ""]
    lines += _marks(evidence, research_only=research_only)
    lines += ["## Intended use", "", about.intended_use, ""]
    lines += ["## Not for", "", *_bullets(NOT_FOR_WHOM), ""]
    lines += ["## What it predicts", "", *_bullets(f"**{name}**: {text}" for name, text in about.outcomes.items()), ""]
    lines += ["## Data", "", *_bullets(_data(evidence)), ""]
    lines += ["## How good it is", "", _figures_said(evidence), "", *_table(evidence, OVERALL), ""]
    lines += ["## Limits", "", *_bullets(_limits(evidence)), ""]
    lines += ["## Where to read more", "", *_bullets(_sources(about)), ""]
    return "\n".join(lines)


def model_description(name: str, protocol: str, *, synthetic: bool) -> str:
    """The description of a registered model, for a reader who has never seen it."""
    lines = [
        f"Outcomes under the protocol **{protocol}**: the probability of remission, and of relapse after it.",
        "",
        "Every training adds a version. The alias `champion` names the version in use, which `kap promote` decides.",
        "",
        f"The tags `decision.*` list the decisions; their documents are in the experiment `{name}/decisions`.",
        "",
        "A version's description says how good it is; `report.html` of its run says everything.",
    ]
    return "\n".join([SYNTHETIC, "", *lines] if synthetic else lines)


def version_description(evidence: Evidence, about: ReportFacts, link: str, *, research_only: bool = False) -> str:
    """The short description of a version: one line for lists, how well heads rank patients, and where the card is."""
    return "\n".join(
        [
            _one_line(evidence),
            "",
            *_marks(evidence, research_only=research_only),
            *_table(evidence, {head: measures[:1] for head, measures in OVERALL.items()}),
            "",
            f"Card: `{CARD}`, report: `report.html`, both in [run {about.run_id[:8]}]({link}).",
        ]
    )


def _one_line(evidence: Evidence) -> str:
    """The first line, which MLflow's lists show alone: no Markdown."""
    cohort = evidence.cohort
    marked = "SYNTHETIC. " if evidence.model_synthetic or cohort.synthetic else ""
    what = {"held out": "trained", "updated": "updated", "external": "evaluated"}[evidence.kind]
    found = [measures_of(landmark, "remission").get("auc") for landmark in evidence.landmarks]
    known = [figure for figure in found if figure is not None and figure.estimate is not None]
    ranked = f"Remission AUC {interval(known[-1], digits=2)}, " if known else ""
    return f"{marked}{ranked}{what} on {cohort.source}: {patients(cohort.patients)}, {_sites(cohort.sites)}."


def _marks(evidence: Evidence, *, research_only: bool) -> list[str]:
    marks = [SYNTHETIC] if evidence.model_synthetic or evidence.cohort.synthetic else []
    marks += [RESEARCH_ONLY] if research_only else []
    marks += ["**QUICK: parts of the evaluation were skipped.**"] if evidence.quick else []
    return [line for mark in marks for line in (mark, "")]


def _data(evidence: Evidence) -> Iterator[str]:
    cohort = evidence.cohort
    kind = "synthetic" if cohort.synthetic else "recorded"
    yield f"{cohort.source}: {patients(cohort.patients)}, {_sites(cohort.sites)}, {kind}"
    yield f"digest of the cohort: `{cohort.digest}`"
    yield f"held out by {evidence.folds}" if evidence.kind == "held out" else f"evaluated: {evidence.folds}"
    for landmark in evidence.landmarks:
        heads = [f"{head.head} {patients(head.n)}, {head.events:,} events" for head in landmark.heads]
        yield f"{landmark.name}: {'; '.join(heads)}"


def _figures_said(evidence: Evidence) -> str:
    return (
        "Every figure is from patients that the model had not seen, with its 95% interval "
        f"({evidence.draws} bootstrap draws over {evidence.resampled})."
    )


def _table(evidence: Evidence, shown: Mapping[str, Sequence[str]]) -> list[str]:
    """A table of measures by head, one row for each landmark, head and measure."""
    lines = ["| landmark | head | model | figure | value |", "|---|---|---|---|---|"]
    for landmark in evidence.landmarks:
        lines += list(_rows(landmark, shown))
    return lines


def _rows(landmark: LandmarkEvidence, shown: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for head in landmark.heads:
        found = measures_of(landmark, head.head)
        for name in shown[head.head]:
            if name in found:
                figure = (measure_title(name), interval(found[name], digits=2))
                cells = (landmark.name, head.head, head.winner or "none", *figure)
                yield f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _limits(evidence: Evidence) -> Iterator[str]:
    yield from evidence.caveats
    for landmark in evidence.landmarks:
        for head in landmark.heads:
            if head.winner == "no_model":
                yield f"{landmark.name}, {head.head}: every patient gets the average: no candidate was reliably better"
            if head.sample_size is not None and head.sample_size.met is False:
                yield f"{landmark.name}, {head.head}: fewer patients than the model's parameters need"
    for check in evidence.leakage:
        if not check.passed or check.warning:
            yield f"leakage check {check.name}: {check.verdict}"


def _sources(about: ReportFacts) -> Iterator[str]:
    yield f"run `{about.run_id}`: `report.html`, `evidence.json`, `figures/`"
    yield f"bundle `{about.bundle_digest}`"
    yield f"code `{about.provenance.get('commit', 'unknown')}`, written {about.written_on}, seed {about.seed}"
    if about.made_by:
        yield f"made by {about.made_by}, account {about.provenance.get('account', 'unknown')}"


def _sites(number: int) -> str:
    return f"{number} site{'' if number == 1 else 's'}"


def _bullets(lines: Sequence[str] | Iterator[str]) -> list[str]:
    return [f"* {line}" for line in lines]


def _cell(text: str) -> str:
    """A text in a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")
