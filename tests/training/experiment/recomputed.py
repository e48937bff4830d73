"""The figures of the evidence, computed again from `held_out_answers.parquet` alone, by other people's libraries.

Nothing of the project is imported. Every function takes rows of one repeat of the folds.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from lifelines import AalenJohansenFitter, CoxPHFitter, KaplanMeierFitter
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit, logit
from scipy.stats import t as student
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sksurv.metrics import concordance_index_censored

Rows = pd.DataFrame
CURVE_QUANTILES = {100: (0.05, 0.275, 0.5, 0.725, 0.95), 30: (0.1, 0.5, 0.9)}


def question_rows(table: Rows, name: str) -> Rows:
    """The rows with an answer to a question such as "relapse_84": columns y, p and w."""
    asked = table[f"observed.{name}"].notna()
    rows = table[asked]
    found = {"y": rows[f"observed.{name}"], "p": rows[name], "w": rows[f"weight.{name}"]}
    return rows.assign(**found)


def auc(rows: Rows) -> float:
    """scikit-learn's in every fold, weighted by the fold's pairs."""
    total = pairs = 0.0
    for _, fold in rows.groupby("fold"):
        yes = fold["y"] == 1
        number = fold["w"][yes].sum() * fold["w"][~yes].sum()
        if number > 0:
            total += number * roc_auc_score(fold["y"], fold["p"], sample_weight=fold["w"])
            pairs += number
    return total / pairs if pairs else np.nan


def brier(rows: Rows) -> float:
    return float(brier_score_loss(rows["y"], rows["p"], sample_weight=rows["w"]))


def rate(rows: Rows) -> float:
    return float(np.average(rows["y"], weights=rows["w"]))


def calibration_intercept(rows: Rows) -> float:
    """The shift at which as many are predicted as observed: the maximum of the likelihood with an offset."""
    at, y, w = logit(rows["p"]), rows["y"], rows["w"]
    if y.nunique() == 1:
        return np.nan
    return float(brentq(lambda shift: (w * (y - expit(at + shift))).sum(), -20, 20, xtol=1e-12))


def calibration_slope(rows: Rows) -> float:
    if (rows.groupby("fold")["p"].nunique() == 1).all():
        return np.nan
    fitted = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=1000)
    fitted.fit(logit(rows[["p"]]), rows["y"], sample_weight=rows["w"])
    return float(fitted.coef_[0, 0])


def brier_parts(rows: Rows) -> dict[str, float]:
    """Murphy's parts over ten bins of as many rows, by pandas."""
    edges = np.unique(np.quantile(rows["p"], np.arange(1, 10) / 10))
    held = rows.assign(bin=np.searchsorted(edges, rows["p"], side="left"))
    overall, total = rate(rows), rows["w"].sum()
    parts = dict.fromkeys(("reliability", "resolution", "within_bins"), 0.0)
    for _, part in held.groupby("bin"):
        share, w = part["w"].sum() / total, part["w"]
        if share == 0:
            continue
        p, y = np.average(part["p"], weights=w), np.average(part["y"], weights=w)
        spread = np.average((part["p"] - p) ** 2, weights=w)
        together = np.average((part["p"] - p) * (part["y"] - y), weights=w)
        parts["reliability"] += share * (p - y) ** 2
        parts["resolution"] += share * (y - overall) ** 2
        parts["within_bins"] += share * (spread - 2 * together)
    return {f"brier_{name}": value for name, value in parts.items()} | {"brier_uncertainty": overall * (1 - overall)}


def spline(values: pd.Series, outcomes: float) -> Callable[[np.ndarray], np.ndarray]:
    """Harrell's restricted cubic spline, scaled to uncorrelated columns; a line with few outcomes."""
    quantiles = next((found for fewest, found in CURVE_QUANTILES.items() if outcomes >= fewest), ())
    knots = np.unique(np.quantile(values, quantiles)) if quantiles else np.empty(0)

    def plain(x: np.ndarray) -> np.ndarray:
        if len(knots) < 3:
            return x[:, None]
        cubed = np.maximum(x[:, None] - knots, 0) ** 3
        a, b = knots[-2], knots[-1]
        bent = cubed[:, :-2] - cubed[:, [-2]] * (b - knots[:-2]) / (b - a) + cubed[:, [-1]] * (a - knots[:-2]) / (b - a)
        return np.column_stack([x, bent / (b - knots[0]) ** 2])

    base = plain(np.asarray(values))
    _, size, directions = np.linalg.svd((base - base.mean(axis=0)) / np.sqrt(len(base)), full_matrices=False)
    known = size > 1e-9 * max(1.0, size.max())
    scale = np.where(known, 1 / np.where(known, size, 1), 0)
    return lambda x: np.asarray((plain(x) - base.mean(axis=0)) @ (directions.T * scale))


def weighted_quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(reached, share - 1e-12)])


def distances(observed: np.ndarray, rows: Rows, weights: np.ndarray) -> dict[str, float]:
    away = np.abs(observed - rows["p"].to_numpy())
    return {
        "ici": float(np.average(away, weights=weights)),
        "e50": weighted_quantile(away, weights, 0.5),
        "e90": weighted_quantile(away, weights, 0.9),
    }


def smooth_curve(rows: Rows) -> Callable[[np.ndarray], np.ndarray]:
    """A logistic regression on a spline of the log-odds, by scikit-learn; its ridge is 1e-3."""
    events = min(rows["y"].sum(), (1 - rows["y"]).sum())
    columns = spline(logit(rows["p"]), float(events))
    fitted = LogisticRegression(C=1e3, solver="newton-cholesky", tol=1e-10, max_iter=1000)
    fitted.fit(columns(logit(rows["p"].to_numpy())), rows["y"], sample_weight=rows["w"])
    return lambda p: fitted.predict_proba(columns(logit(p)))[:, 1]


def hazard_curve(rows: Rows, day: float) -> Callable[[np.ndarray], np.ndarray]:
    """Fine and Gray's regression by lifelines: after a competing event a patient stays at risk with falling weight."""
    columns = spline(_cloglog(rows["p"]), float((rows["ended_by"] == 1).sum()))
    x = columns(_cloglog(rows["p"].to_numpy()))
    spells = _spells(rows)
    data = pd.DataFrame(x[spells["row"]], columns=[f"x{number}" for number in range(x.shape[1])])
    fitted = CoxPHFitter(penalizer=1e-3 / len(rows)).fit(
        data.assign(**spells.drop(columns="row")), "end", "event", weights_col="weight", entry_col="begin",
        fit_options={"precision": 1e-9},
    )  # fmt: skip
    b = fitted.params_.to_numpy()
    hazard = np.exp(x @ b)[spells["row"]] * spells["weight"].to_numpy()
    baseline = 0.0
    for time in np.unique(spells.loc[spells["event"], "end"]):
        if time <= day:
            at_risk = hazard[(spells["begin"] < time) & (spells["end"] >= time)].sum()
            now = hazard[spells["event"] & (spells["end"] == time)]
            baseline += sum(1 / (at_risk - before / len(now) * now.sum()) for before in range(len(now)))
    return lambda p: 1 - np.exp(-baseline * np.exp(columns(_cloglog(p)) @ b))


def _spells(rows: Rows) -> Rows:
    """The times at risk of the subdistribution: a competing event is followed by pieces with weight G(t-)/G(T-)."""
    g, last = censoring_free(rows), rows["followed_days"].max()
    steps = np.sort(rows.loc[rows["ended_by"] == 0, "followed_days"].unique())
    found = []
    for number, (followed, ended) in enumerate(zip(rows["followed_days"], rows["ended_by"], strict=True)):
        found.append((number, 0.0, max(followed, 1e-3), ended == 1, 1.0))
        if ended == 2 and followed < last:
            bounds = [followed, *steps[(steps > followed) & (steps < last)], last]
            at_end = g(bounds[1:]) / g([followed])[0]
            pieces = zip(bounds[:-1], bounds[1:], at_end, strict=True)
            found += [(number, begin, end, False, weight) for begin, end, weight in pieces if weight > 0]
    return pd.DataFrame(found, columns=["row", "begin", "end", "event", "weight"])


def _cloglog(p: pd.Series | np.ndarray) -> np.ndarray:
    return np.log(-np.log1p(-np.clip(np.asarray(p), 1e-8, 1 - 1e-8)))


def net_benefit(rows: Rows, threshold: float) -> float:
    """True positives less false positives at the threshold's odds, per patient."""
    acted = rows["p"] >= threshold
    y, w = rows["y"], rows["w"]
    true, false = (w * y)[acted].sum(), (w * (1 - y))[acted].sum()
    return float((true - false * threshold / (1 - threshold)) / w.sum())


def incidence(rows: Rows, day: float) -> float:
    """The observed incidence of relapse by a day, by lifelines' Aalen-Johansen; no relapse is 0."""
    if not (rows["ended_by"] == 1).any():
        return 0.0
    end = rows["ended_by"].astype(int)
    followed = rows["followed_days"].where(end != 0, rows["followed_days"] + 0.5)  # a loss comes after events of a day
    fitted = AalenJohansenFitter(calculate_variance=False, jitter_level=0.0).fit(followed, end, event_of_interest=1)
    curve = fitted.cumulative_density_.iloc[:, 0]
    return float(curve[curve.index <= day].iloc[-1])


def net_benefit_of_relapse(rows: Rows, threshold: float, day: float) -> float:
    acted = rows[rows["p"] >= threshold]
    if acted.empty:
        return 0.0
    risk = incidence(acted, day)
    return len(acted) / len(rows) * (risk - (1 - risk) * threshold / (1 - threshold))


def question_measures(rows: Rows) -> Mapping[str, float]:
    """Every measure of a question but the distances from the curve of relapse."""
    found = {
        "auc": auc(rows),
        "log_loss": float(log_loss(rows["y"], rows["p"], sample_weight=rows["w"])),
        "brier": brier(rows),
        "oe": float((rows["w"] * rows["y"]).sum() / (rows["w"] * rows["p"]).sum()),
        "calibration_intercept": calibration_intercept(rows),
        "calibration_slope": calibration_slope(rows),
        "ipa": 1 - brier(rows) / (rate(rows) * (1 - rate(rows))),
    }
    return found | brier_parts(rows)


def c_index(rows: Rows, days: list[int]) -> float:
    """scikit-survival's in every fold; a patient with a competing event never relapses."""
    never = rows["followed_days"].max() + 1
    right = pairs = 0.0
    for _, fold in rows.groupby("fold"):
        event = (fold["ended_by"] == 1).to_numpy()
        followed = fold["followed_days"].where(fold["ended_by"] != 2, never)
        if event.any() and (followed > followed[event].min()).any():
            _, concordant, discordant, tied, _ = concordance_index_censored(
                event, followed, fold[f"relapse_{days[-1]}"]
            )
            right, pairs = right + concordant + tied / 2, pairs + concordant + discordant + tied
    return right / pairs


OF_SITES: Mapping[str, Callable[[Rows], float]] = {
    "auc": auc, "calibration_intercept": calibration_intercept, "calibration_slope": calibration_slope,
}  # fmt: skip


def across_sites(rows: Rows, measure: str, draws: int) -> dict[str, float]:
    """The random-effects mean of a measure over the sites, the spread between them, and the least for a new site.

    The sites' errors are drawn: patients with replacement. The restricted likelihood is minimised over the spread; an
    AUC is pooled on the log-odds.
    """
    rng, values, errors = np.random.default_rng(11), [], []
    for _, site in rows.groupby("site"):
        if min(site["y"].sum(), (1 - site["y"]).sum()) < 5:
            continue
        drawn = []
        for _ in range(draws):
            again = site.sample(len(site), replace=True, random_state=rng)
            if again["y"].nunique() == 2:
                drawn.append(OF_SITES[measure](again))
        value, error = OF_SITES[measure](site), float(np.nanstd(drawn))
        if not error or (measure == "auc" and value == 1):
            continue
        values.append(logit(value) if measure == "auc" else value)
        errors.append(error / (value * (1 - value)) if measure == "auc" else error)
    y, v = np.array(values), np.array(errors) ** 2

    def restricted(tau: float) -> float:
        w = 1 / (v + tau**2)
        away = y - np.average(y, weights=w)
        return float((w * away**2).sum() - np.log(w).sum() + np.log(w.sum()))

    tau = float(minimize_scalar(restricted, bounds=(0, 4 * y.std() + v.max() ** 0.5), method="bounded").x)
    w = 1 / (v + tau**2)
    mean = float(np.average(y, weights=w))
    error = (w * (y - mean) ** 2).sum() / ((len(y) - 1) * w.sum())
    low = mean - float(student.ppf(0.975, len(y) - 2)) * float(np.sqrt(tau**2 + error))
    shown = expit if measure == "auc" else float
    return {"sites": len(y), "mean": float(shown(mean)), "tau": tau, "new_site_low": float(shown(low))}


def censoring_free(rows: Rows) -> Callable[[pd.Series], np.ndarray]:
    """G(day-), by lifelines: a patient with an event on a day is not at risk of censoring on it."""
    censored = rows["ended_by"] == 0
    curve = KaplanMeierFitter().fit(rows["followed_days"].where(~censored, rows["followed_days"] + 0.5), censored)
    return lambda days: curve.survival_function_at_times(np.asarray(days, dtype=float) - 0.25).to_numpy()


def uno_c(rows: Rows, days: list[int]) -> float:
    """Pairs weighted by lifelines' Kaplan-Meier curve of censoring, in every fold."""
    g, last = censoring_free(rows), days[-1]
    right = pairs = 0.0
    held = rows.assign(g=g(rows["followed_days"]), risk=rows[f"relapse_{last}"])
    for _, fold in held.groupby("fold"):
        for case in fold[(fold["ended_by"] == 1) & (fold["followed_days"] <= last)].itertuples():
            t = case.followed_days
            ended = fold["ended_by"]
            longer = (fold["followed_days"] > t) | ((fold["followed_days"] == t) & (ended == 0))
            earlier = (ended == 2) & (fold["followed_days"] <= t)
            for others, weight in ((fold[longer], 1 / case.g**2), (fold[earlier], 1 / (case.g * fold["g"][earlier]))):
                away = case.risk - others["risk"]
                better = (away > 1e-9) + 0.5 * (away.abs() <= 1e-9)
                right += float((better * weight).sum())
                pairs += float((weight * np.ones(len(others))).sum())
    return right / pairs


def integrated_brier(rows: Rows, days: list[int]) -> float:
    """scikit-learn's Brier score of every week's end, by the trapezoid rule."""
    g, scores, reached = censoring_free(rows), [], []
    for day in days:
        lost = (rows["ended_by"] == 0) & (rows["followed_days"] < day)
        if (rows["followed_days"] >= day).sum() < 10 and lost.any():
            continue
        known = (rows["followed_days"] >= day) | ((rows["ended_by"] != 0) & (rows["followed_days"] <= day))
        weight = known / g(np.minimum(rows["followed_days"], day))
        y = ((rows["ended_by"] == 1) & (rows["followed_days"] <= day)).astype(float)
        scores.append(float(np.average((rows[f"relapse_{day}"] - y) ** 2, weights=weight)))
        reached.append(day)
    return float(np.trapezoid(scores, reached) / (reached[-1] - reached[0]))


def hazard_slope(rows: Rows) -> float:
    """lifelines' Cox regression of the hazard on the score, ties by Efron."""
    if rows["relapse_score"].nunique() == 1:
        return np.nan
    data = pd.DataFrame({"t": rows["followed_days"], "e": rows["ended_by"] == 1, "s": rows["relapse_score"]})
    data["s"] -= data["s"].mean()
    return float(CoxPHFitter().fit(data, "t", "e", fit_options={"precision": 1e-10}).params_["s"])
