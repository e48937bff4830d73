"""A learner of one's own, trained as a candidate beside the built-in ones, on the same folds and measures."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="A learner of one's own")


@app.cell
def _():
    import tempfile
    from pathlib import Path

    import marimo as mo
    from gradient_forest import GradientForest

    from training import read_cohort, train
    from training.simulation.cohort import simulate_cohort, write_cohort

    return GradientForest, Path, mo, read_cohort, simulate_cohort, tempfile, train, write_cohort


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # A learner of one's own

    `gradient_forest.py`, beside this notebook, has a scikit-learn classifier, `GradientForest`. It is in a file and not
    in a cell for a reason: the candidates are fitted in several processes, and each of them must import the class. So
    `train` refuses a class that only the notebook has. The file is found because Python looks into the folder of the
    script that it runs. For a folder elsewhere set `PYTHONPATH`, or install the package.

    Every patient here is **synthetic**. To be quick, the protocol has a single landmark.
    """)
    return


@app.cell
def _(Path, read_cohort, simulate_cohort, tempfile, write_cohort):
    scratch = tempfile.TemporaryDirectory()
    folder = Path(scratch.name) / "synthetic-cohort"
    write_cohort(simulate_cohort(patients=400, sites=3, seed=5), folder)
    one_landmark = """
    [[landmarks]]
    name = "before session 3"
    before_session = 3
    else_days = 14
    """
    (folder / "protocol.toml").write_text(one_landmark, encoding="utf-8")
    cohort = read_cohort(folder)
    cohort
    return (cohort,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    `quick` leaves out parts of the evaluation, few `draws` make the intervals rough, and `record=False` leaves nothing
    behind. For a result that counts leave all three out: then the training is recorded in MLflow, with a report.
    """)
    return


@app.cell
def _(GradientForest, cohort, train):
    trained = train(
        cohort,
        candidates=["no_model", "one_variable", "logistic", GradientForest],
        settings={"training": {"draws": 20, "folds": 3, "fewest_repeats": 1, "most_repeats": 1}},
        quick=True,
        workers=2,
        record=False,
    )
    trained
    return (trained,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Side by side

    All figures are from patients held out, on the same folds. AUC: larger is better, 0.5 is chance. Log loss and Brier
    score: smaller is better. The winner is the best candidate, or the average where none beats it significantly.
    """)
    return


@app.cell
def _(trained):
    summary = trained.summary()
    summary.loc[summary["head"] == "remission", ["candidate", "winner", "auc", "log_loss", "brier"]].round(3)
    return


if __name__ == "__main__":
    app.run()
