"""Rating scales that were built in later: range, bands, cut-offs, reliable change, and each number's source.

A study may have declared one of these names itself; its declaration then stands. The codes of the earlier scales, and
of a study's own, stay what they were. A number that is not published is missing, and its source says so.
"""

from features.protocol.instrument import Instrument

_HADS = (
    "range and bands: the form after Zigmond & Snaith 1983 [seen]; remission 7 (normal) and relapse 11 (case): its "
    "bands, as such [judgement]; reliable change: no published value seen; the minimal important difference of 1.5 in "
    "COPD, Puhan 2008, PMC2459149 [seen], is none: it may be measurement error"
)
_HADS_BANDS = ((0.0, "normal"), (8.0, "borderline"), (11.0, "case"))
_STAI = "range: NINDS common data elements [seen]; no bands agreed by sources; "
_STAI_CUT_OFF = (
    "cut-off against healthy adults (revistaclinicapsicologica.com, volume 24, issue 2) [seen], as relapse, and below "
    "it as remission [judgement]; reliable change: no published value seen"
)
_LATER = (
    Instrument(
        "who5",
        "WHO-5 Well-Being Index, percentage score (sum of the items times 4)",
        minimum=0,
        maximum=100,
        remission_at_most=None,
        relapse_at_least=None,
        reliable_change=10,
        severity_bands=((0, "poor well-being"), (52, "well-being not poor")),
        higher_is="better",
        remission_at_least=52,
        relapse_at_most=48,
        source="range, poor well-being below a sum of 13, a change of 10 as significant: scoring notes at "
        "help.valant.io [seen]; remission from 52 and relapse up to 48: that cut-off, as such [judgement]",
    ),
    Instrument(
        "hads_a",
        "Hospital Anxiety and Depression Scale, anxiety",
        minimum=0,
        maximum=21,
        remission_at_most=7,
        relapse_at_least=11,
        reliable_change=None,
        severity_bands=_HADS_BANDS,
        source=_HADS,
    ),
    Instrument(
        "hads_d",
        "Hospital Anxiety and Depression Scale, depression",
        minimum=0,
        maximum=21,
        remission_at_most=7,
        relapse_at_least=11,
        reliable_change=None,
        severity_bands=_HADS_BANDS,
        source=_HADS,
    ),
    Instrument(
        "dass21_anxiety",
        "Depression Anxiety Stress Scales, 21 items, anxiety, doubled (sum of the items times 2)",
        minimum=0,
        maximum=42,
        remission_at_most=7,
        relapse_at_least=10,
        reliable_change=None,
        severity_bands=((0, "normal"), (8, "mild"), (10, "moderate"), (15, "severe"), (20, "extremely severe")),
        source="bands of the doubled sum after Lovibond & Lovibond 1995 [seen]; remission 7 (normal) and relapse 10 "
        "(moderate): its bands, as such [judgement]; reliable change: no published value seen",
    ),
    Instrument(
        "stai_s",
        "State-Trait Anxiety Inventory, state",
        minimum=20,
        maximum=80,
        remission_at_most=40,
        relapse_at_least=41,
        reliable_change=None,
        source=_STAI + "relapse 41: " + _STAI_CUT_OFF,
    ),
    Instrument(
        "stai_t",
        "State-Trait Anxiety Inventory, trait",
        minimum=20,
        maximum=80,
        remission_at_most=43,
        relapse_at_least=44,
        reliable_change=None,
        source=_STAI + "relapse 44: " + _STAI_CUT_OFF,
    ),
    Instrument(
        "spin",
        "Social Phobia Inventory",
        minimum=0,
        maximum=68,
        remission_at_most=18,
        relapse_at_least=19,
        reliable_change=10,
        severity_bands=((0, "little or none"), (21, "mild"), (31, "moderate"), (41, "severe"), (51, "very severe")),
        source="range and bands: Cambio's model of the SPIN [seen]; relapse 19: cut-off of Connor 2000, "
        "doi:10.1192/bjp.176.4.379 [seen], as relapse, and below it as remission [judgement]; reliable change 10: NHS "
        "Talking Therapies [recalled]",
    ),
    Instrument(
        "ocir",
        "Obsessive-Compulsive Inventory, revised",
        minimum=0,
        maximum=72,
        remission_at_most=8,
        relapse_at_least=21,
        reliable_change=None,
        severity_bands=((0, "mild"), (16, "moderate"), (28, "severe")),
        source="range and likely OCD from 21: Foa 2002 [seen], as relapse [judgement]; bands: Abramovitch 2020, "
        "doi:10.1016/j.jocrd.2020.100557 [seen]; remission 8: doi:10.1016/j.beth.2022.06.009 [seen], where response is "
        "a fall by 40% [seen]; reliable change in points: no published value seen",
    ),
    Instrument(
        "qids_sr16",
        "Quick Inventory of Depressive Symptomatology, self-report, 16 items",
        minimum=0,
        maximum=27,
        remission_at_most=5,
        relapse_at_least=11,
        reliable_change=None,
        severity_bands=((0, "none"), (6, "mild"), (11, "moderate"), (16, "severe"), (21, "very severe")),
        source="range and bands: ids-qids.org after Rush 2003 [seen]; remission 5: STAR*D, Trivedi 2006 [seen]; "
        "relapse 11: STAR*D [recalled]; reliable change: no published value seen",
    ),
    Instrument(
        "cesd",
        "Center for Epidemiologic Studies Depression Scale",
        minimum=0,
        maximum=60,
        remission_at_most=15,
        relapse_at_least=21,
        reliable_change=9,
        severity_bands=((0, "below the cut-off"), (16, "depressive symptoms")),
        source="range and cut-off 16: Radloff 1977 [seen], below it as remission [judgement]; relapse 21 and reliable "
        "change 9: the example of the intake format [recalled, low]",
    ),
    Instrument(
        "promis_anxiety",
        "PROMIS Anxiety, T score",
        minimum=30,
        maximum=90,
        remission_at_most=None,
        relapse_at_least=None,
        reliable_change=None,
        source="T scores of all forms lie within 30 to 90 [recalled]; no cut-off, and no minimally important "
        "difference of the anxiety scale, was seen: none decides an outcome",
    ),
    Instrument(
        "promis_depression",
        "PROMIS Depression, T score",
        minimum=30,
        maximum=90,
        remission_at_most=54.9,
        relapse_at_least=60,
        reliable_change=None,
        severity_bands=((30, "none"), (55, "mild"), (60, "moderate"), (65, "moderately severe"), (70, "severe")),
        source="T scores of form 8a: 38.2 to 81.3 [seen], of all forms within 30 to 90 [recalled]; bands: Kroenke "
        "2020, PMC7103541 [seen]; remission below 55 and relapse 60: its bands, as such [judgement]; reliable change: "
        "no published value seen; the minimally important difference of 3.5, Kroenke 2020 [seen], is none: the "
        "standard error of a short form is as large, PMC3175024 [seen]",
    ),
    Instrument(
        "caps5",
        "Clinician-Administered PTSD Scale for DSM-5",
        minimum=0,
        maximum=80,
        remission_at_most=8,
        relapse_at_least=23,
        reliable_change=13,
        severity_bands=((0, "asymptomatic"), (11, "mild"), (23, "moderate"), (35, "severe"), (47, "extreme")),
        source="remission 8 and reliable change 13: Marx 2022 [seen]; range and bands [recalled]; relapse 23: lower "
        "edge of moderate [judgement]",
    ),
    Instrument(
        "gad2",
        "Generalised Anxiety Disorder scale, 2 items",
        minimum=0,
        maximum=6,
        remission_at_most=2,
        relapse_at_least=3,
        reliable_change=None,
        severity_bands=((0, "below the cut-off"), (3, "possible case")),
        source="range and cut-off 3: Kroenke 2007 [seen], as relapse, and below it as remission [judgement]; reliable "
        "change: no published value seen",
    ),
)

LATER_INSTRUMENTS: dict[str, Instrument] = {instrument.name: instrument for instrument in _LATER}
"""The scales that were built in later, by name."""

LATER_DEPRESSION_SCALES = ("qids_sr16", "cesd", "hads_d", "promis_depression")
"""Scales of depression among them. Where the study does not declare one itself, it may be the second scale, after the
earlier ones and before every scale of another kind."""
