"""The findings as one HTML document that needs nothing else: the newest version first, and how all of it is judged."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from training.monitoring.report import tables
from training.monitoring.report.figures import Figure
from training.monitoring.report.text import part_text
from training.monitoring.statistics.checks import ALARM, HINT
from training.monitoring.statistics.document import ModelMonitored, Monitoring, State
from training.report.markup import bullets, figure, link, paragraph, section, table
from training.report.stylesheet import STYLESHEET

TITLE = "Monitoring of KAP Outcomes in use"
OWN_STYLE = """
.verdict { font-weight: 700; white-space: nowrap; border-left: 10px solid #6b6b6b; padding-left: .5rem; }
.verdict.act { border-color: #a33d00; }
.verdict.watch { border-color: #e69f00; }
.verdict.order { border-color: #009e73; }
details { margin: .8rem 0; }
summary { cursor: pointer; font-weight: 600; }
"""
_KINDS: dict[State, str] = {"act": "act", "watch": "watch", "in order": "order", "too little to tell": "little"}


def render_page(found: Monitoring, figures: Sequence[Sequence[Figure]]) -> str:
    """The document; the same findings give the same text. ``figures`` are those of each model, in their order."""
    parts = [
        *_first_screen(found),
        _contents(found),
        *(_model(number, *pair) for number, pair in enumerate(zip(found.models, figures, strict=True), start=1)),
        _method(),
    ]
    return str(
        Markup(
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
            '<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main id="top">\n{}</main>\n</body>\n</html>\n'
        ).format(TITLE, Markup(STYLESHEET + OWN_STYLE), Markup().join(parts))  # noqa: S704 - our own text
    )


def verdict(state: State) -> Markup:
    """A state as it is shown."""
    return Markup('<span class="verdict {}">{}</span>').format(_KINDS[state], state)


def _first_screen(found: Monitoring) -> Iterator[Markup]:
    yield Markup("<h1>{}</h1>\n").format(TITLE)
    since = f", predictions from {found.since} on" if found.since else ""
    yield paragraph(f"Written on {found.written_on}{since}.", "under")
    yield Markup('<div class="banners">\n{}</div>\n').format(Markup().join(_banners(found)))
    header = ("version", "verdict", "records", "answers", "calibration", "asked about", "from", "to")
    rows = [
        (
            link(f"version-{number}", model.version),
            verdict(model.state),
            *(_part(model, part) for part in ("records", "answers", "calibration")),
            f"{model.counted:,}",
            model.first_day,
            model.last_day,
        )
        for number, model in enumerate(found.models, start=1)
    ]
    yield table("Verdicts", header, rows)
    for model in found.models[:1]:
        yield section("why", 2, f"Why: version {model.version}", bullets(model.reasons))


def _part(model: ModelMonitored, part: str) -> str | Markup:
    words = part_text(model, part)
    return verdict(model.states[part]) if words == model.states.get(part) else words


def _banners(found: Monitoring) -> Iterator[Markup]:
    if any(model.synthetic for model in found.models):
        yield _banner("SYNTHETIC", "A model was learned from patients who do not exist.")
    yield _banner("Not a medical device", "For research. Nothing here has been cleared for the care of patients.")


def _banner(loud: str, words: str) -> Markup:
    return Markup('<p class="banner"><strong>{}</strong> {}</p>\n').format(loud, words)


def _contents(found: Monitoring) -> Markup:
    places = [(f"version-{number}", f"Version {one.version}") for number, one in enumerate(found.models, start=1)]
    lines = Markup().join(
        Markup("<li>{}</li>\n").format(link(anchor, words)) for anchor, words in [*places, ("method", METHOD)]
    )
    return Markup('<nav aria-label="Contents"><ul>\n{}</ul></nav>\n').format(lines)


def _model(number: int, model: ModelMonitored, figures: Sequence[Figure]) -> Markup:
    drawn = Markup().join(figure(one.svg, f"{one.caption.title}. {one.caption.description}") for one in figures)
    under = f"bundle {model.bundle_digest[:12]} · run {model.run_id} · {model.first_day} to {model.last_day}"
    title = f"Version {model.version}: {model.state}"
    return section(
        f"version-{number}",
        2,
        title,
        paragraph(under, "under"),
        bullets(model.reasons) if number > 1 else Markup(),
        Markup('<div class="figures">\n{}</div>\n').format(drawn) if drawn else Markup(),
        tables.changes_table(model),
        tables.calibration_tables(model),
        tables.counts_table(model),
        tables.all_checks(model),
    )


METHOD = "How it is judged"
_SAID = (
    ("Whom", """One patient counts once per landmark and version: by the first prediction. Asking again, and scoring
        again in a batch, are counted and left out. Numbers of one to four patients are not shown, nor figures of fewer
        than ten."""),
    ("Compared", """Patients and answers are compared with those of the model's own training: each new value by its
        rank among the training's and those that came before it. As long as new patients are drawn like the old, these
        ranks are uniform and independent, however few there are (Vovk 2021, doi:10.1214/20-STS817)."""),
    ("Evidence", """Against that, e-processes bet: on a shift or other shares of a feature or an answer, on more or
        fewer values recorded, on predictions that are too high, too low, too extreme or too timid. A bet can't be
        expected to win unless something has changed; what it has won is the evidence (Shafer 2021,
        doi:10.1111/rssa.12647; Arnold 2023, doi:10.1214/22-AOAS1697; Ter Schure 2024, doi:10.51387/24-NEJSDS65). A new
        bet begins every month, so that a change is seen after years of rest."""),
    ("False alarms", f"""One may look at any time, as often as one likes: over the whole life of a version to which
        nothing happens, the chance of ever calling anything proven is at most {100 * ALARM:.0f}%, of ever calling
        anything a hint {100 * HINT:.0f}%. Half of it is for answers and their calibration, half for the features."""),
    ("Verdicts", """Act: proven, large, and something the model goes by; predictions proven wrong always are. Large is
        half a standard deviation, 20 in 100 patients recorded or not, 10 in 100 more or fewer answered, among the
        patients of the last ninety days. Watch: proven but small or not used, or a hint. In order: a large change would
        have shown."""),
    ("Outcomes", """A remission counts once its window is over and the acute course too; relapses up to the time that
        a confirmation takes before the last day known. Patients whose outcome nobody saw are missing here: the figures
        are those of the patients seen. Where clinicians act on predictions, outcomes change for that reason too."""),
)  # fmt: skip


def _method() -> Markup:
    said = (Markup("<strong>{}.</strong> {}").format(name, " ".join(words.split())) for name, words in _SAID)
    return section("method", 2, METHOD, bullets(said))
