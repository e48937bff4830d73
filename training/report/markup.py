"""HTML from values: everything that is not already `Markup` is escaped, so no name or note can become a tag."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

Cell = str | int | Markup
"""What a table's cell holds; plain text is escaped."""


_SHORT = 16
"""Rows up to which a table is kept on one page in print."""


def paragraph(words: str | Markup, kind: str = "") -> Markup:
    """A paragraph; ``kind`` is a class of the stylesheet."""
    attribute = Markup(' class="{}"').format(kind) if kind else Markup()
    return Markup("<p{}>{}</p>\n").format(attribute, words)


def bullets(items: Iterable[str | Markup]) -> Markup:
    """A list; nothing where there are no items."""
    lines = Markup().join(Markup("<li>{}</li>\n").format(item) for item in items)
    return Markup("<ul>\n{}</ul>\n").format(lines) if lines else Markup()


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], kind: str = "") -> Markup:
    """A table in a box of its own that scrolls sideways; the first cell of a row is its heading."""
    drawn = [_row(row) for row in rows]
    body = Markup().join(drawn)
    if not body:
        return paragraph(f"{caption}: nothing to show.", "none")
    heads = Markup().join(Markup('<th scope="col">{}</th>').format(name) for name in header)
    return Markup(
        '<div class="scroll" role="region" aria-label="{0}" tabindex="0"><table class="{1}">\n<caption>{0}</caption>\n'
        "<thead><tr>{2}</tr></thead>\n<tbody>\n{3}</tbody></table></div>\n"
    ).format(caption, f"{kind} {'short' if len(drawn) <= _SHORT else ''}".strip(), heads, body)


def _row(cells: Sequence[Cell]) -> Markup:
    first = Markup('<th scope="row">{}</th>').format(cells[0])
    return Markup("<tr>{}{}</tr>\n").format(first, Markup().join(Markup("<td>{}</td>").format(c) for c in cells[1:]))


def section(anchor: str, level: int, title: str, *parts: str | Markup) -> Markup:
    """A section under a heading that can be linked to."""
    inside = Markup().join(escape(part) for part in parts)
    heading = Markup('<h{0} id="{1}">{2}</h{0}>\n').format(level, anchor, title)
    return Markup('<section aria-labelledby="{}">\n{}{}</section>\n').format(anchor, heading, inside)


def side_by_side(*parts: Markup) -> Markup:
    """Parts next to each other where the page is wide enough."""
    inside = Markup().join(Markup("<div>{}</div>\n").format(part) for part in parts)
    return Markup('<div class="tables">\n{}</div>\n').format(inside)


def link(anchor: str, words: str) -> Markup:
    """A link to a place in the same document."""
    return Markup('<a href="#{}">{}</a>').format(anchor, words)


def figure(svg: str, words: str) -> Markup:
    """A drawing with its caption. ``svg`` is our own drawing, whose texts were escaped when it was drawn."""
    return Markup("<figure>\n{}<figcaption>{}</figcaption>\n</figure>\n").format(Markup(svg), words)  # noqa: S704
