"""The lines of the forest plots: sites with what a new one should expect, and groups of patients."""

from training.evidence.document import Question, SiteEstimate, SiteMetaAnalysis, Subgroup
from training.report.figures.forest_plot import ForestPanel, ForestRow
from training.report.wording import count, group_title, has_limits, in_prose, interval, number

_PANELS = (("auc", "c-statistic", 0.5), ("calibration_intercept", "calibration in the large", 0.0))

Forest = tuple[list[ForestRow], list[ForestPanel], tuple[str, str]]
"""Rows, panels, and their description: for all readers, and the numbers for readers who can't see the figure."""


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
    said = ["c-statistic and calibration in the large per site, with 95% intervals."]
    said += [
        _across_text(found, label)
        for found, (_, label, _) in zip(across, _PANELS, strict=True)
        if found and has_limits(found.mean)
    ]
    if not any(across):
        said.append("Too few sites for a mean over sites and for what a new site should expect.")
    return rows, panels, (" ".join(said), f"c-statistic: {each}.")


def subgroup_forest(question: Question) -> Forest:
    """Groups with discrimination and calibration in the large; those of fewer than ten without figures.

    Sites are left to `site_forest`.
    """
    groups = [group for group in question.subgroups if group.variable != "site" or not question.sites]
    rows = [_group_row(group) for group in groups]
    panels = [ForestPanel(label, reference) for _, label, reference in _PANELS]
    shown = [group for group in groups if group.n is not None]
    each = "; ".join(f"{group.variable} {group.group} {interval(group.calibration_in_the_large)}" for group in shown)
    suppressed = len(rows) - len(shown)
    are = "group is" if suppressed == 1 else "groups are"
    hidden = f" {suppressed} {are} suppressed: fewer than ten patients." if suppressed else ""
    said = f"c-statistic and calibration in the large per group, with 95% intervals.{hidden}"
    return rows, panels, (said, f"Calibration in the large: {each or 'none'}.")


def _site_row(site: SiteEstimate) -> ForestRow:
    return ForestRow(f"{site.site} ({site.n:,})", (site.discrimination, site.calibration_in_the_large))


def _group_row(group: Subgroup) -> ForestRow:
    if group.n is None:
        return ForestRow(group_title(group), (), note=count(None))
    return ForestRow(f"{group_title(group)} ({group.n:,})", (group.discrimination, group.calibration_in_the_large))


def _across(question: Question, measure: str) -> SiteMetaAnalysis | None:
    found = (across for across in question.across_sites if across.measure == measure)
    return next((across for across in found if across.mean.estimate is not None), None)


def _expected(found: SiteMetaAnalysis | None) -> tuple[float, float] | None:
    if found is None or found.new_site_low is None or found.new_site_high is None:
        return None
    return found.new_site_low, found.new_site_high


def _across_text(found: SiteMetaAnalysis, label: str) -> str:
    return (
        f"Mean {label} over {found.sites} sites {in_prose(found.mean)}; a new site should expect "
        f"{number(found.new_site_low)} to {number(found.new_site_high)}."
    )
