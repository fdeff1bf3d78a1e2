"""From an attempt's state to the view models of `pages.py`. Reads only."""
