"""Own features of a study for tests: one for each measure of each kind of quantity, over different windows."""

from features.protocol.own_feature import MEASURES, QUANTITIES, SESSION_QUANTITIES, OwnFeature

FORTNIGHT = """
[[features]]
name = "lowest_gad7_first_fortnight"
of = "gad7"
measure = "minimum"
from_day = 0
to_day = 14
meaning = "Lowest GAD-7 of the first fortnight"
"""
WINDOWS = ((None, None), (0, 14), (None, 0), (1, None), (10, 40), (-5, 3))


def every_own_feature(*scales: str) -> tuple[OwnFeature, ...]:
    """Each measure of some scales and of every other quantity, in turn over one of the windows."""
    pairs = [(of, measure) for of in (*scales, *SESSION_QUANTITIES) for measure in MEASURES]
    pairs += [(of, "count") for of in QUANTITIES if of not in SESSION_QUANTITIES]
    drawn = [(*pair, *window) for pair in pairs for window in WINDOWS]
    return tuple(
        OwnFeature(f"own_{number}", of, measure, f"own feature {number}", first, last)
        for number, (of, measure, first, last) in enumerate(drawn)
    )
