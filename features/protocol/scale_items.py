"""How each rating scale is scored from its items: number, key, reversed items, missing items, and the source of each.

Numbers carry the tag of their evidence: "seen" in the cited source, or "recalled" (not verified). Where no rule for
missing items was found, none may be missing. `item_scoring` does the arithmetic.
"""

from dataclasses import dataclass

NO_RULE = "no rule for missing items found: none may be missing"


@dataclass(frozen=True)
class ItemScoring:
    """The scoring of one instrument; item numbers count from 1, in the order of the form.

    ``factor`` multiplies the sum. ``reversed_items`` count from the other end of the key. Of each group in ``highest``
    only the highest item counts; of each pair in ``either`` one item is enough. At most ``missing_at_most`` items may
    be missing: the mean of the others stands for each; ``rounds_up`` then rounds up the total. ``self_harm_item``
    asks for thoughts of death or self-harm. ``not_scored`` says why items can't be scored; empty where they can.
    ``ask`` is what a person must confirm, because the data can't tell it.
    """

    instrument: str
    items: int
    item_minimum: int
    item_maximum: int
    source: str
    factor: int = 1
    reversed_items: tuple[int, ...] = ()
    highest: tuple[tuple[int, ...], ...] = ()
    either: tuple[tuple[int, int], ...] = ()
    missing_at_most: int = 0
    rounds_up: bool = False
    missing_source: str = NO_RULE
    self_harm_item: int | None = None
    not_scored: str = ""
    ask: str = ""

    @property
    def rule(self) -> str:
        """The scoring as a sentence, for a mapping or a data dictionary."""
        if self.not_scored:
            return self.not_scored
        parts = [f"sum of {self.items} items of {self.item_minimum} to {self.item_maximum}"]
        parts += [f"times {self.factor}"] if self.factor != 1 else []
        parts += [f"items {_listed(self.reversed_items)} reversed"] if self.reversed_items else []
        parts += [f"the highest of items {_listed(group)}" for group in self.highest]
        parts += [f"one of items {pair[0]} and {pair[1]} is enough" for pair in self.either]
        if not self.missing_at_most:
            return ", ".join([*parts, "no item may be missing"])
        stand_in = f"the mean of the others stands for at most {self.missing_at_most} missing"
        return ", ".join([*parts, stand_in + (", rounded up" if self.rounds_up else "")])


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))


_HANDBOOK = (
    "the mean of the others stands for one or two missing items, with more the form is disregarded: "
    "IAPT Data Handbook 2011, appendix D [recalled]"
)
_HALF_RULE = (
    "at least half of a subscale answered, the mean of the others: Bell 2016, doi:10.1186/s13104-016-2284-z [seen]"
)
_STAI_RULE = (
    "one or two missing: mean times 20, rounded up; three or more: not valid: manual, Spielberger 1983 [recalled]"
)
_STAI_FORM = "Is this form Y? Form X reverses other items."
_HADS_POINTS = (
    "Are these the points printed on the form? Positions of the answers are another order for half the items."
)
_PROMIS = (
    "a T score needs the table of its short form from HealthMeasures: import the T score, not the items or their sum"
)

_ANXIETY = (
    ItemScoring("gad7", 7, 0, 3, "7 items of 0-3: Spitzer 2006 [seen]", missing_at_most=2, missing_source=_HANDBOOK),
    ItemScoring("gad2", 2, 0, 3, "the first two items of the GAD-7 [seen]"),
    ItemScoring("hama", 14, 0, 4, "14 items of 0-4 [seen]"),
    ItemScoring("bai", 21, 0, 3, "21 items of 0-3: Beck 1988 [recalled]"),
    ItemScoring("oasis", 5, 0, 4, "5 items of 0-4: doi:10.1038/s41598-023-33355-0 [seen]"),
    ItemScoring("lsas", 48, 0, 3, "24 situations, each with fear and avoidance of 0-3 [recalled]"),
    ItemScoring("spin", 17, 0, 4, "17 items of 0-4: Connor 2000 [seen in repositories]"),
    ItemScoring(
        "pswq",
        16,
        1,
        5,
        "16 items of 1-5, items 1, 3, 8, 10 and 11 reversed: Meyer 1990 [seen]",
        reversed_items=(1, 3, 8, 10, 11),
    ),
    ItemScoring("pdss", 7, 0, 4, "7 items of 0-4: Shear 1997 [recalled]"),
    ItemScoring(
        "hads_a",
        7,
        0,
        3,
        "7 items of 0-3, points as printed: Zigmond & Snaith 1983; hqlo.biomedcentral.com 1477-7525-1-29 [seen]",
        missing_at_most=3,
        missing_source=_HALF_RULE,
        ask=_HADS_POINTS,
    ),
    ItemScoring(
        "dass21_anxiety",
        7,
        0,
        3,
        "items 2, 4, 7, 9, 15, 19 and 20 of 0-3 [seen in a repository]; the sum doubled: Lovibond 1995 [recalled]",
        factor=2,
        missing_at_most=1,
        missing_source="one of seven items may be missing, the mean of the others: DASS FAQ, question 27 [recalled]",
    ),
    ItemScoring(
        "stai_s",
        20,
        1,
        4,
        "20 items of 1-4; reversed items of form Y: bio-protocol.org 8961452 [seen]",
        reversed_items=(1, 2, 5, 8, 10, 11, 15, 16, 19, 20),
        missing_at_most=2,
        rounds_up=True,
        missing_source=_STAI_RULE,
    ),
    ItemScoring(
        "stai_t",
        20,
        1,
        4,
        "20 items of 1-4; reversed items of form Y (21, 23, 26, 27, 30, 33, 34, 36, 39 of 21-40): "
        "bio-protocol.org 8961452 [seen]",
        reversed_items=(1, 3, 6, 7, 10, 13, 14, 16, 19),
        missing_at_most=2,
        rounds_up=True,
        missing_source=_STAI_RULE,
        ask=_STAI_FORM,
    ),
    ItemScoring("promis_anxiety", 0, 1, 5, "items of 1-5 [seen]", not_scored=_PROMIS),
)
_TRAUMA_AND_OBSESSIONS = (
    ItemScoring("pcl5", 20, 0, 4, "20 items of 0-4: National Center for PTSD [seen]"),
    ItemScoring("caps5", 20, 0, 4, "severity of 20 symptoms, each 0-4, summed: Weathers 2018 [seen]"),
    ItemScoring("ybocs", 10, 0, 4, "items 1-10 of 0-4, summed [seen]"),
    ItemScoring("ocir", 18, 0, 4, "18 items of 0-4, summed: Foa 2002 [seen]"),
)
_MOOD = (
    ItemScoring(
        "phq9",
        9,
        0,
        3,
        "9 items of 0-3, summed: Kroenke 2001 [seen]; item 9 asks for thoughts of death or self-harm [seen]",
        missing_at_most=2,
        missing_source=_HANDBOOK,
        self_harm_item=9,
    ),
    ItemScoring(
        "bdi2",
        21,
        0,
        3,
        "21 items of 0-3, summed; item 9 asks for suicidal thoughts: Beck 1996 [recalled]",
        self_harm_item=9,
    ),
    ItemScoring("madrs", 10, 0, 6, "10 items of 0-6; item 10 is suicidal thoughts [recalled]", self_harm_item=10),
    ItemScoring(
        "hads_d",
        7,
        0,
        3,
        "7 items of 0-3, points as printed: Zigmond & Snaith 1983; hqlo.biomedcentral.com 1477-7525-1-29 [seen]",
        missing_at_most=3,
        missing_source=_HALF_RULE,
        ask=_HADS_POINTS,
    ),
    ItemScoring(
        "qids_sr16",
        16,
        0,
        3,
        "nine domains: the highest of sleep (1-4), of appetite and weight (6-9), of psychomotor (15, 16), six items; "
        "item 12 is thoughts of death or suicide: rdrr.io cliot, guidelinecentral.com QIDS [seen]; "
        "the form asks for 6 or 7, and 8 or 9: Rush 2003 [recalled]",
        highest=((1, 2, 3, 4), (6, 7, 8, 9), (15, 16)),
        either=((6, 7), (8, 9)),
        self_harm_item=12,
    ),
    ItemScoring(
        "cesd",
        20,
        0,
        3,
        "20 items of 0-3, items 4, 8, 12 and 16 reversed: Radloff 1977 [seen]",
        reversed_items=(4, 8, 12, 16),
        missing_at_most=4,
        missing_source="not scored with more than four missing: form with Radloff's key, studylib.net 8171399 [seen]; "
        "the mean of the others [recalled]",
    ),
    ItemScoring("who5", 5, 0, 5, "5 items of 0-5, the sum times 4: Topp 2015 [seen]", factor=4),
    ItemScoring("promis_depression", 0, 1, 5, "items of 1-5 [seen]", not_scored=_PROMIS),
)

ITEM_SCORINGS: dict[str, ItemScoring] = {
    scoring.instrument: scoring for scoring in (*_ANXIETY, *_TRAUMA_AND_OBSESSIONS, *_MOOD)
}
"""The scoring of every scale that is built in from items, by the name of its instrument."""
