"""Labs of Volume I, one folder each."""
