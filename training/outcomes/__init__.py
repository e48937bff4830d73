"""Labels: what each patient's outcome is and why, censoring, and the weights for those not observed."""
