"""The source of a caution as it is shown: the tags of the evidence in words, and none where the source was seen."""

import re

SEEN, RECALLED, JUDGEMENT = "[seen]", "[recalled]", "[judgement]"
_OURS = re.compile(r"(?: (?:is|are))? our \[judgement\]")


def shown_source(source: str, not_checked: str = "not checked", our_judgement: str = "our judgement") -> str:
    """A source with its tags in words.

    >>> shown_source("esketamine label [seen]; heart rate [recalled]; what comes first is our [judgement]")
    'esketamine label; heart rate (not checked); what comes first (our judgement)'
    """
    ours = _OURS.sub(f" {JUDGEMENT}", source.replace(f" {SEEN}", ""))
    return ours.replace(RECALLED, f"({not_checked})").replace(JUDGEMENT, f"({our_judgement})")
