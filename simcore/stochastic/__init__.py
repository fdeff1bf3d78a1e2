"""Seeded simulations: the same seed gives the same result, and each says how sure it is."""
