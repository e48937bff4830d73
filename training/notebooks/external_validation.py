"""External validation: a registered model, or any predictions, against the outcomes of another cohort."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="External validation")


@app.cell
def _():
    import os
    import tempfile
    from pathlib import Path

    import marimo as mo

    from training import evaluate_predictions, load_model, outcome_frame, predict, read_cohort, train
    from training.simulation.cohort import simulate_cohort, write_cohort

    return (
        Path,
        evaluate_predictions,
        load_model,
        mo,
        os,
        outcome_frame,
        predict,
        read_cohort,
        simulate_cohort,
        tempfile,
        train,
        write_cohort,
    )


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # External validation

    Two **synthetic** cohorts: one to fit a model on, another one of other sites and other patients to evaluate it on.
    Both lie in a temporary folder, and so does the MLflow store, because MLflow writes to the folder it is started in.
    To be quick, the protocol has a single landmark; all its other rules are the default ones.
    """)
    return


@app.cell
def _(Path, os, read_cohort, simulate_cohort, tempfile, write_cohort):
    scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    folder = Path(scratch.name)
    os.chdir(folder)
    write_cohort(simulate_cohort(patients=500, sites=3, seed=5), folder / "development")
    write_cohort(simulate_cohort(patients=400, sites=2, seed=6), folder / "validation")
    one_landmark = """
    [[landmarks]]
    name = "before session 3"
    before_session = 3
    else_days = 14
    """
    (folder / "development" / "protocol.toml").write_text(one_landmark, encoding="utf-8")
    development = read_cohort(folder / "development")
    development
    return development, folder


@app.cell
def _(development, train):
    trained = train(
        development,
        candidates=["no_model", "logistic"],
        settings={"training": {"draws": 20, "folds": 3, "fewest_repeats": 1, "most_repeats": 1}},
        quick=True,
        workers=1,
    )
    trained
    return (trained,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## The registered model, on the other cohort

    The other cohort is read under the model's own protocol. A cohort that was read under another one is refused.
    """)
    return


@app.cell
def _(folder, load_model, predict, read_cohort, trained):
    model = load_model(trained.model_version)
    validation = read_cohort(folder / "validation", model.protocol)
    predictions = predict(model, validation)
    predictions[["remission", "relapse_84", "relapse_182", "sustained_182"]].describe().round(3)
    return predictions, validation


@app.cell
def _(outcome_frame, predictions, validation):
    outcomes = outcome_frame(validation, "before session 3")
    predicted = predictions.set_index("patient_id").loc[outcomes.index]
    return outcomes, predicted


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Remission

    `outcome` is 1 in remission, 0 not, NaN not observed; `probability` is the prediction. Patients without one of the
    two are left out and counted.
    """)
    return


@app.cell
def _(evaluate_predictions, outcomes, predicted):
    remission = evaluate_predictions(outcomes["remission"], predicted["remission"], groups=outcomes["instrument"])
    remission
    return (remission,)


@app.cell
def _(remission):
    figures = remission.frame()
    figures[figures["group"] == "all"].drop(columns="group").set_index("measure").round(3)
    return (figures,)


@app.cell
def _(figures):
    figures[figures["measure"] == "auc"].set_index("group").round(3)
    return


@app.cell
def _(remission):
    remission.plot()
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Relapse within 84 days of remission

    With `time` and `event` the outcome is a day: the probability is that of a relapse by then. Patients lost earlier
    are represented by those followed to the day, and a competing event counts as no relapse.
    """)
    return


@app.cell
def _(evaluate_predictions, outcomes, predicted):
    relapse = evaluate_predictions(
        84, predicted["relapse_84"], time=outcomes["followed_days"], event=outcomes["ended_by"]
    )
    relapse.frame().drop(columns="group").set_index("measure").round(3)
    return (relapse,)


@app.cell(hide_code=True)
def _(mo, relapse):
    mo.md(f"""
    {relapse.patients} patients were at risk, {relapse.events} of them had a relapse by day 84. So few make wide
    intervals. `kap evaluate` gives a whole report on another cohort, with weights for outcomes not observed.
    """)
    return


if __name__ == "__main__":
    app.run()
