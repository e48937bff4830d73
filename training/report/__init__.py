"""What every part of a report shares: its facts, its words and its templates.

The page, its figures and the reporting guidelines are packages of their own.

Public names: `ReportFacts`, `feature_dictionary`, `outcome_rules`, `rendered`, `Table`.
"""
