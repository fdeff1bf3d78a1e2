"""Labs of Volume II, one folder each."""
