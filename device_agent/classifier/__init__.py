"""A small classifier to deploy: trained, pruned and quantised here, scored on the board (numpy)."""
