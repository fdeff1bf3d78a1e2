"""The transistor tax: when the activation function matters, and what decides instead."""
