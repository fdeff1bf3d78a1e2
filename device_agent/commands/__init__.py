"""One module per command of the agent."""
