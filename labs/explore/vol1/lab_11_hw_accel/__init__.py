"""The hardware roofline: which resource binds, and what follows."""
