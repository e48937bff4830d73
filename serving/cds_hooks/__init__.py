"""CDS Hooks 2.0: the services, what an EHR sends to them, and the cards that they answer with.

Public names: `CardFeedback`, `discovery`, `HookCall`, `HookRefusedError`, `prediction_cards`, `read_feedback`,
`read_hook_call`, `SERVICES`.
"""
