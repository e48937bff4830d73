"""Decisions in a store of their own: append-only entries, chained by hashes and signed with the keys of people.

`store` keeps the entries, `people` says who may sign, `entry_check` finds what was changed, and `seal` keeps an anchor
elsewhere. What a decision says is `training.registry.decisions`; this package knows only that it is a document.
Public names: `canonical`, `DecisionStore`, `digest_of`, `ChainEntry`, `location`, `Signer`.
"""
