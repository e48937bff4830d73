"""From a feature row to calibrated, coherent probabilities."""
