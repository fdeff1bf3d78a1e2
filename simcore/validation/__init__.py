"""Published measurements predicted from what is left when each is taken out, by kind of machine.

`report.validate(data)` answers for a whole file; each other module predicts the rows of one kind.
No prediction looks at the row it is for: not at its value, not at its name.
"""
