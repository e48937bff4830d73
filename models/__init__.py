"""From a feature row to calibrated, coherent probabilities.

Public names: `Applicable`, `BinomialCounts`, `Bundle`, `BundleRefusedError`, `expit`, `fit_baseline`, `load_bundle`,
`OutcomeModel`, `RelapseHead`.
"""
