"""A recorded run verified and reproduced, a prediction followed back to its data, the dossier."""
