"""When failure is routine: fault tolerance of large training runs."""
