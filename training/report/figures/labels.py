"""Labels of rows that fit their column, and stay different where they were."""

from collections.abc import Sequence

_CUT = "…"


def short_labels(labels: Sequence[str], longest: int) -> list[str]:
    """Labels of at most so many characters; of a long one the middle is left out, where names differ least.

    Different labels stay different: the cut moves until they differ, and where no place tells them apart a number does.
    """
    shown: dict[str, str] = {}
    for label in dict.fromkeys(labels):
        shown[label] = next(each for each in _candidates(label, longest) if each not in shown.values())
    return [shown[label] for label in labels]


def _candidates(label: str, longest: int) -> tuple[str, ...]:
    """Ways to write a label, the best first; more of them than there are labels in a figure."""
    if len(label) <= longest:
        return (label, *_numbered(label, longest))
    kept = longest - len(_CUT)
    heads = [kept - 2 * kept // 5, *range(kept - 2, 3, -1)]
    return (*(f"{label[:head]}{_CUT}{label[head - kept :]}" for head in heads), *_numbered(label, longest))


def _numbered(label: str, longest: int) -> tuple[str, ...]:
    return tuple(f"{label[: longest - len(end)]}{end}" for end in (f"{_CUT} ({number})" for number in range(2, 1000)))
