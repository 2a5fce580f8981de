"""The judges: how they are trained on real clips, their cards, and where they are kept."""
