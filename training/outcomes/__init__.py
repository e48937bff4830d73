"""What each patient's outcome is and why, relapse censored (`labels.time_at_risk`); weights for those not observed.

Public names: `bundle_digest`, `derive_outcomes`, `EndedBy`, `explain_outcomes`, `features_digest`,
`follow_up_weights`, `outcome_scale`, `Outcomes`, `outcomes_at`, `outcomes_digest`, `outcomes_frame`,
`remission_weights`, `withdrawal_days`.
"""
