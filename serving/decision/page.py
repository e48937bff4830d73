"""The page as HTML in a language, and what is shown instead of it; `view` says what, the templates where.

Style and script stand in the page, each allowed by its hash: the page asks for nothing but its own what-ifs.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from serving.decision.card_sentences import CardSentences
from serving.decision.curve import (
    HEIGHT,
    ICON_HEIGHT,
    ICON_WIDTH,
    LEFT,
    RIGHT,
    SHADES,
    WIDTH,
    curve_figure,
    estimate_line,
    icon_places,
)
from serving.decision.definitions import OutcomeDefinitions
from serving.decision.features import HeadWeights
from serving.decision.link import launch_query
from serving.decision.names import PageNames
from serving.decision.phrases import PagePhrases
from serving.decision.releases import ReleasePhrases
from serving.decision.templating import rendered, source_hash, static_text
from serving.decision.texts import LANGUAGES, TextCatalogue, texts_in
from serving.decision.view import DecisionView

STYLE, SCRIPT = "page.css", "page.js"
POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src {source_hash(STYLE)}",
        f"script-src {source_hash(SCRIPT)}",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""The content security policy of a page. In a frame it shows nothing: a page around it could place buttons over it."""
DRAWING = {
    "width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - RIGHT, "icon_width": ICON_WIDTH,
    "icon_height": ICON_HEIGHT, "shades": SHADES,
}  # fmt: skip


def render_page(view: DecisionView, language: str) -> str:
    """The page of a view in a language of ``texts.LANGUAGES``."""
    texts = texts_in(language)
    names = PageNames(texts)
    say = PagePhrases(texts, names)
    return rendered(
        "page.html",
        **_common(texts),
        view=view,
        names=names,
        say=say,
        cards=CardSentences(texts, say, view),
        release=ReleasePhrases(texts, say),
        defined=OutcomeDefinitions(texts, names, say, view),
        curve=curve_figure(view.curve),
        icons=icon_places,
        estimate=estimate_line,
        drawing=DRAWING,
        script=static_text(SCRIPT),
        links=_links(view.token, language),
        counted=_counted(view),
        weighed=_weighed(_counted(view)),
        missing=_missing(view),
    )


def render_refusal(why: Literal["over", "unknown", "gone", "busy"], language: str) -> str:
    """What is shown instead of a page: the link has expired, is none of ours, its data are gone, or can't be read."""
    return rendered("refused.html", **_common(texts_in(language)), why=why)


def _common(texts: TextCatalogue) -> dict[str, object]:
    return {"lang": texts.language, "t": texts.text, "style": static_text(STYLE)}


def _links(token: str | None, language: str) -> Sequence[tuple[str, str, str]]:
    """The page in the other languages: code, name and address."""
    if token is None:
        return ()
    return [(code, name, launch_query(token, code)) for code, name in LANGUAGES.items() if code != language]


def _counted(view: DecisionView) -> Mapping[str, HeadWeights]:
    """What counted by outcome, for the heads that answered."""
    heads = {"remission": view.remission, "relapse": view.relapse}
    return {name: head for name, head in heads.items() if head is not None}


def _weighed(counted: Mapping[str, HeadWeights]) -> str:
    """The outcome whose list a patient sees: the first of which the model tells people apart; empty without one."""
    individual = [name for name, head in counted.items() if not head.average]
    return next(iter([*individual, *counted]), "")


def _missing(view: DecisionView) -> tuple[Sequence[str], int]:
    """The features that the model uses and that were not recorded, and how many others were not."""
    used = {one.name: None for head in _counted(view).values() for one in head.missing}
    return list(used), len(set(view.not_recorded) - used.keys())
