"""The program on the lab bench: runs jobs, measures, spools, reports."""

__version__ = "0.1.0"
