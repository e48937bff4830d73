"""From a feature row to calibrated, coherent probabilities.

Public names: `Applicable`, `BinomialCounts`, `Bundle`, `BundleRefusedError`, `expit`, `fit_baseline`, `fit_logistic`,
`fit_nothing`, `load_bundle`, `OutcomeModel`, `RelapseHead`, `TrainingData`.
"""
