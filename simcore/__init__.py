"""The physics of machine learning systems: numpy alone, no web, no course, no database.

Everything inside is SI (second, byte, FLOP, watt, joule, USD) as plain floats or arrays; the
docstring of each function states the units in brackets.
"""
