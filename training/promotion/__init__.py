"""Whether a version may become the champion: policy, checks and the decision.

Public names: `history`, `Outcome`, `override`, `promote`, `Proposal`, `rollback`.
"""
