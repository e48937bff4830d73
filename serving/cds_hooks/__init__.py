"""CDS Hooks 2.0: the services, what an EHR sends to them, and the cards that they answer with.

Public names: `CardFeedback`, `CardsResponse`, `CdsService`, `Consultation`, `ConsultationReader`, `discovery`,
`prediction_cards`, `PrefetchMissingError`, `read_feedback`.
"""
