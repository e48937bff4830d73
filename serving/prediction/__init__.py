"""From a patient's record to an answer with reasons and cautions. Nothing here knows of the web."""
