"""The lines of the forest plots: sites with what a new one should expect, and groups of patients."""

from training.evaluation.plots import ForestPanel, ForestRow
from training.evidence import AcrossSites, Question, SiteEstimate, Subgroup
from training.report.wording import count, in_prose, interval, number

_PANELS = (("auc", "c-statistic", 0.5), ("calibration_intercept", "calibration in the large", 0.0))

Forest = tuple[list[ForestRow], list[ForestPanel], str]
"""Rows, panels, and what they show in words."""


def site_forest(question: Question) -> Forest:
    """Sites with discrimination and calibration in the large; the random-effects mean last."""
    rows = [_site_row(site) for site in question.sites]
    across = [_across(question, measure) for measure, *_ in _PANELS]
    if any(across):
        means = tuple(found.mean if found else None for found in across)
        rows.append(ForestRow("mean of sites", means, summary=True))
    panels = [
        ForestPanel(label, reference, _expected(found))
        for (_, label, reference), found in zip(_PANELS, across, strict=True)
    ]
    each = "; ".join(f"{site.site} {interval(site.discrimination)}" for site in question.sites)
    said = [f"c-statistic and calibration in the large per site. c-statistic: {each}."]
    said += [_across_words(found, label) for found, (_, label, _) in zip(across, _PANELS, strict=True) if found]
    if not any(across):
        said.append("Too few sites for a mean over sites and for what a new site should expect.")
    return rows, panels, " ".join(said)


def subgroup_forest(question: Question) -> Forest:
    """Groups with discrimination and calibration in the large; those of fewer than ten without figures."""
    rows = [_group_row(group) for group in question.subgroups]
    panels = [ForestPanel(label, reference) for _, label, reference in _PANELS]
    shown = [group for group in question.subgroups if group.n is not None]
    each = "; ".join(f"{group.variable} {group.group} {interval(group.calibration_in_the_large)}" for group in shown)
    suppressed = len(rows) - len(shown)
    hidden = f" {suppressed} groups of fewer than ten patients are suppressed." if suppressed else ""
    said = f"c-statistic and calibration in the large per group. Calibration in the large: {each or 'none'}.{hidden}"
    return rows, panels, said


def _site_row(site: SiteEstimate) -> ForestRow:
    return ForestRow(f"{site.site} ({site.n:,})", (site.discrimination, site.calibration_in_the_large))


def _group_row(group: Subgroup) -> ForestRow:
    if group.n is None:
        return ForestRow(f"{group.variable}: {group.group}", (), note=count(None))
    label = f"{group.variable}: {group.group} ({group.n:,})"
    return ForestRow(label, (group.discrimination, group.calibration_in_the_large))


def _across(question: Question, measure: str) -> AcrossSites | None:
    found = (across for across in question.across_sites if across.measure == measure)
    return next((across for across in found if across.mean.estimate is not None), None)


def _expected(found: AcrossSites | None) -> tuple[float, float] | None:
    if found is None or found.new_site_low is None or found.new_site_high is None:
        return None
    return found.new_site_low, found.new_site_high


def _across_words(found: AcrossSites, label: str) -> str:
    return (
        f"Mean {label} over {found.sites} sites {in_prose(found.mean)}; a new site should expect "
        f"{number(found.new_site_low)} to {number(found.new_site_high)}."
    )
