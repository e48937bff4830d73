"""What a figure is before it is drawn: a caption, and the function that draws it once its name is unique."""

from collections.abc import Callable

from training.report.figures.plots import Caption

Planned = tuple[Caption, Callable[[Caption], str]]
"""A caption, and the function that draws the figure once its name is unique."""
