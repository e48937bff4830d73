"""The findings as one HTML document; the template orders its figures and tables."""

from collections.abc import Sequence

from training.monitoring.report.figures import Figure
from training.monitoring.report.tables import model_tables
from training.monitoring.report.text import part_text
from training.monitoring.statistics.checks import ALARM, HINT
from training.monitoring.statistics.document import Monitoring
from training.report.templating import rendered
from training.report.wording import percent

PARTS = ("records", "answers", "calibration")
"""The parts of a model that have a state."""


def render_page(found: Monitoring, figures: Sequence[Sequence[Figure]]) -> str:
    """The document; the same findings give the same text. ``figures`` are those of each model, in their order."""
    return rendered(
        "training.monitoring.report",
        "monitoring.html",
        found=found,
        parts=[{part: part_text(model, part) for part in PARTS} for model in found.models],
        models=[(model, model_tables(model), drawn) for model, drawn in zip(found.models, figures, strict=True)],
        alarm=percent(ALARM),
        hint=percent(HINT),
    )
