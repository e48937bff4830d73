"""A first look at a cohort: read it, see its features and outcomes as frames, and meet a refused table."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="A first look at a cohort")


@app.cell
def _():
    import tempfile
    from pathlib import Path

    import marimo as mo
    import pandas as pd

    from features.protocol.problems import CohortRefusedError
    from features.protocol_reading import parse_protocol
    from training import feature_frame, outcome_frame, read_cohort
    from training.simulation.cohort import simulate_cohort, write_cohort

    return (
        CohortRefusedError,
        Path,
        feature_frame,
        mo,
        outcome_frame,
        parse_protocol,
        pd,
        read_cohort,
        simulate_cohort,
        tempfile,
        write_cohort,
    )


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # A first look at a cohort

    Every patient here is **synthetic**: drawn from a written-down mechanism, in a temporary folder that is removed at
    the end. For your own cohort, put the path of its folder into `read_cohort`.
    """)
    return


@app.cell
def _(Path, read_cohort, simulate_cohort, tempfile, write_cohort):
    scratch = tempfile.TemporaryDirectory()
    folder = Path(scratch.name) / "synthetic-cohort"
    simulated = simulate_cohort(patients=200, sites=3, seed=5)
    write_cohort(simulated, folder)
    cohort = read_cohort(folder)
    cohort
    return cohort, simulated


@app.cell(hide_code=True)
def _(cohort, mo):
    mo.md(f"""
    A cohort shows counts only, never a patient. `cohort.notes` says what was repaired and what is not read; here:
    {"; ".join(cohort.notes)}.

    ## The same tables as DataFrames

    Frames go through the same reader and the same checks as files, so that the digest is the same.
    """)
    return


@app.cell
def _(cohort, parse_protocol, read_cohort, simulated):
    frames = {
        name: getattr(simulated, name) for name in ("patients", "prior_treatments", "sessions", "assessments", "events")
    }
    protocol = parse_protocol(simulated.protocol_toml)
    same = read_cohort(frames, protocol).digest == cohort.digest
    f"the same cohort: {same}"
    return (frames,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    A table that breaks the format is refused. The message names table, row and column, and never the value:
    """)
    return


@app.cell
def _(CohortRefusedError, frames, read_cohort):
    ages = frames["patients"]["age_years"]
    wrong = frames["patients"].assign(age_years=ages.where(ages.index != 3, 450))
    try:
        read_cohort({**frames, "patients": wrong})
        refusal = ""
    except CohortRefusedError as error:
        refusal = str(error)
    refusal
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## What is known before session 3

    A row per patient who reached this landmark, a column per feature, with the units of `features/README.md`.
    """)
    return


@app.cell
def _(cohort, feature_frame):
    features = feature_frame(cohort, "before session 3")
    features[["baseline_severity_share", "change_reliable", "age_years"]].describe().round(2)
    return (features,)


@app.cell
def _(features, pd):
    missing = features.isna().mean().sort_values(ascending=False).head(8)
    pd.DataFrame({"share not recorded": missing.round(2)})
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## What happened to them

    1 is remission, 0 none, NaN not observed. Days of follow-up begin with the rating that decided on remission.
    """)
    return


@app.cell
def _(cohort, outcome_frame, pd):
    outcomes = outcome_frame(cohort, "before session 3")
    analysed = outcomes[outcomes["eligible"]]
    remission = analysed["remission"].map({1.0: "in remission", 0.0: "not in remission"}).fillna("not observed")
    pd.DataFrame({"patients": remission.value_counts()})
    return (analysed,)


@app.cell
def _(analysed, pd):
    followed = analysed.groupby("ended_by")["followed_days"]
    pd.DataFrame({"patients": followed.size(), "median days followed": followed.median()})
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    Both frames have the same rows, so that they can be put side by side: the change so far by what came of it.
    """)
    return


@app.cell
def _(analysed, features):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    for answer, name in ((1.0, "in remission"), (0.0, "not in remission")):
        chosen = features.loc[analysed.index[analysed["remission"] == answer], "change_reliable"]
        axes.hist(chosen, bins=12, histtype="step", linewidth=2, label=name)
    axes.set(xlabel="change before session 3, in reliable changes", ylabel="synthetic patients")
    axes.legend(frameon=False)
    figure
    return


if __name__ == "__main__":
    app.run()
