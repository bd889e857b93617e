"""The lab: a simulated city for tests and demonstrations, which the agent knows nothing of."""
