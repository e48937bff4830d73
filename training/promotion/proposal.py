"""A request to make a version champion, and what is refused of it before any model or store is opened."""

from dataclasses import dataclass
from pathlib import Path

from features.protocol.problems import InputRefusedError, Problem
from models.promotion import Tier
from training.cohort.file_names import require_folder
from training.config import PromotionPolicy, load_policy, looser_keys
from training.handover.signing import CopySigner
from training.reasons import require_reason


@dataclass(frozen=True)
class Proposal:
    """A request to make a version champion; ``cohort`` is the folder of the version's cohort.

    Every question is to have the ``tier``. ``narrower`` accepts that answers of the champion in the clinic are
    withdrawn. ``copy_signer`` signs the served copy. ``key`` is the file of the key of ``by``, by default the one in
    its usual place. ``own_policy`` says that the policy was given, so that an override may ask for fewer approvals from
    now on.
    """

    version: str
    reason: str
    policy: PromotionPolicy
    by: str | None = None
    cohort: Path | None = None
    tier: Tier = "clinic"
    narrower: bool = False
    key: Path | None = None
    own_policy: bool = False
    copy_signer: CopySigner | None = None


def require_proposal(proposal: Proposal, *, overridden: bool) -> None:
    """Raise ``InputRefusedError`` for an override by nobody, no fit reason, a looser policy or a missing folder.

    A policy that is looser than the default needs an override.
    """
    if overridden and not (proposal.by or "").strip():
        raise InputRefusedError([Problem("promote", None, "--by", "the name of who takes responsibility", "no name")])
    require_reason("promote", proposal.reason, proposal.by)
    looser = [] if overridden else looser_keys(proposal.policy, load_policy())
    if looser:
        required = "the default value or a stricter one, or --override"
        raise InputRefusedError([Problem("policy", None, key, required, "a looser value") for key in looser])
    if proposal.cohort is not None:
        require_folder(proposal.cohort)
    if proposal.copy_signer is not None:
        proposal.copy_signer.prepared()
