"""The report of a run as one HTML document that needs nothing else: its order, and what stands where."""

from collections.abc import Iterator

from markupsafe import Markup

from training.evaluation.case_mix_compared import NOTABLE
from training.evidence.document import Evidence, LandmarkEvidence
from training.report import tables
from training.report.directions import directions_table
from training.report.drawings import Drawing, draw
from training.report.facts import ReportFacts, Told
from training.report.kinds import CHOICE
from training.report.markup import figure, link, paragraph, section, side_by_side
from training.report.standards import probast_section, tripod_section
from training.report.stylesheet import STYLESHEET
from training.report.summary import first_screen, questions_table
from training.report.wording import patients


def render_report(evidence: Evidence, about: ReportFacts, drawings: tuple[Drawing, ...] | None = None) -> str:
    """The document; the same evidence and facts give the same text. It makes no request and runs no script.

    ``drawings`` are those of the evidence, where they were drawn before: drawing takes nearly all of the time.
    """
    drawings = draw(evidence) if drawings is None else drawings
    parts = [
        first_screen(evidence, about),
        _contents(evidence, about),
        *(_landmark(position, mark, drawings) for position, mark in enumerate(evidence.landmarks)),
        *_compared(about),
        *_over_all(evidence),
        tripod_section(Told(evidence, about)),
        probast_section(Told(evidence, about)),
        *_definitions(evidence, about),
    ]
    return str(
        Markup(
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
            '<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main id="top">\n{}</main>\n</body>\n</html>\n'
        ).format(about.title, Markup(STYLESHEET), Markup().join(parts))  # noqa: S704 - our own text
    )


_SECTIONS = (
    ("candidates", "Candidates and choice"),
    ("sample-size", "Sample size"),
    ("instability", "Instability"),
    ("leakage", "Leakage and reproduction"),
    ("directions", "Directions"),
    ("tripod", "TRIPOD+AI, item by item"),
    ("probast", "PROBAST+AI self-assessment"),
    ("definitions", "Outcome rules"),
    ("dictionary", "Feature dictionary"),
    ("environment", "Run, settings and environment"),
)
_TITLES = dict(_SECTIONS)


def _contents(evidence: Evidence, about: ReportFacts) -> Markup:
    marks = [(f"landmark-{position + 1}", mark.name) for position, mark in enumerate(evidence.landmarks)]
    first = [("predicts", "What it predicts"), ("how-well", "How well"), ("not-for", "For whom not")]
    if about.case_mix:
        marks.append(_COMPARED)
    lines = Markup().join(
        Markup("<li>{}</li>\n").format(link(anchor, words)) for anchor, words in [*first, *marks, *_SECTIONS]
    )
    return Markup('<nav aria-label="Contents"><ul>\n{}</ul></nav>\n').format(lines)


def _landmark(position: int, landmark: LandmarkEvidence, drawings: tuple[Drawing, ...]) -> Markup:
    """The patients, then each question with its figures and tables, then what follows remission."""
    anchor = f"landmark-{position + 1}"
    mine = [drawing for drawing in drawings if drawing.landmark == position]
    whole = [drawing for drawing in mine if drawing.question is None]
    answers = questions_table("All questions", landmark.name, landmark.questions)
    parts = [
        _grid(whole),
        answers,
        tables.heads_table(landmark),
        *([tables.gains_table(landmark)] if landmark.gains else []),
    ]
    for number, question in enumerate(landmark.questions):
        answered = f"{patients(question.n)} with an answer, {question.events:,} of them yes"
        parts.append(
            section(
                f"{anchor}-question-{number + 1}",
                3,
                question.name,
                paragraph(f"{answered}; {question.not_observed:,} without."),
                _grid([drawing for drawing in mine if drawing.question == number]),
                side_by_side(tables.measures_table(question), tables.sites_table(question)),
                tables.subgroups_table(question),
                tables.sensitivity_table(question),
            )
        )
    parts.append(tables.case_mix_table(landmark))
    return Markup('<div class="landmark">{}</div>\n').format(section(anchor, 2, landmark.name, *parts))


def _grid(drawings: list[Drawing]) -> Markup:
    if not drawings:
        return paragraph("No figure could be drawn here: too little was observed.", "none")
    drawn = Markup().join(
        figure(drawing.svg, f"{drawing.caption.title}. {drawing.caption.description}") for drawing in drawings
    )
    return Markup('<div class="figures">\n{}</div>\n').format(drawn)


_COMPARED = ("compared", "Patients of development and of validation")


def _compared(about: ReportFacts) -> Iterator[Markup]:
    """Whom the model was learned from beside whom it is judged on, where both are known."""
    if about.case_mix:
        words = (
            "Standardised difference: validation less development, in pooled standard deviations; notable from "
            f"{NOTABLE} on (Austin 2009, doi:10.1002/sim.3697). Those that differ most stand first."
        )
        yield section(_COMPARED[0], 2, _COMPARED[1], paragraph(words), tables.compared_tables(about.case_mix))


def _over_all(evidence: Evidence) -> Iterator[Markup]:
    marks = evidence.landmarks
    candidates = [
        section(f"candidates-{number + 1}", 3, mark.name, *(tables.candidates_table(head) for head in mark.heads))
        for number, mark in enumerate(marks)
    ]
    yield section("candidates", 2, _TITLES["candidates"], paragraph(CHOICE[evidence.kind]), *candidates)
    yield section("sample-size", 2, _TITLES["sample-size"], *map(tables.sample_size_table, marks))
    yield section("instability", 2, _TITLES["instability"], *map(tables.instability_table, marks))
    found = tables.leakage_table(evidence), tables.reproduction_words(evidence)
    yield section("leakage", 2, _TITLES["leakage"], *found)
    yield section("directions", 2, _TITLES["directions"], directions_table(evidence))


def _definitions(evidence: Evidence, about: ReportFacts) -> Iterator[Markup]:
    rules = f"Protocol {evidence.protocol}, digest {evidence.protocol_digest}."
    yield section(
        "definitions", 2, _TITLES["definitions"], paragraph(rules), tables.mapping_table("Outcomes", about.outcomes)
    )
    yield section("dictionary", 2, _TITLES["dictionary"], tables.dictionary_table(about))
    run = {
        "run": about.run_id,
        "model version": about.model_version or "not registered",
        "bundle": about.bundle_digest,
        "cohort": evidence.cohort.source,
        "cohort digest": evidence.cohort.digest,
        "held out": evidence.folds,
        "intervals": f"{evidence.resampled}, {evidence.draws:,} draws",
        "seed": str(about.seed),
    }
    yield section(
        "environment",
        2,
        _TITLES["environment"],
        tables.mapping_table("Run", run),
        tables.mapping_table("Settings", about.settings),
        tables.mapping_table("Environment", about.provenance),
    )
