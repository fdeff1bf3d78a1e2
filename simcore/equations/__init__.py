"""Pure equations by topic: floats or arrays in, arrays out, SI throughout."""
