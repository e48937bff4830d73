"""`kap promote`, `propose`, `approve`, `rollback`, `people` and `history`: who decides on the champion, and the record.

Public names: `approve`, `history`, `people`, `promote`, `propose`, `rollback`.
"""
