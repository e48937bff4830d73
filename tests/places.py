"""Where things lie: the project, and the material beside it that may be absent."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
COHORTS = SHARED / "cohorts"
"""Public cohorts."""
GOLDEN = SHARED / "golden"
"""Reference values from other software."""

NODE_MODULES = ROOT / ".venv" / "node" / "node_modules"
"""What `make node-tools` installs; not in the tree, whose files tests read."""
OUTSIDE_TOOLS = ROOT / ".venv" / "outside"
"""What `make outside-tools` installs: an environment for each tool."""
