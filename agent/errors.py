"""What can go wrong in the shell, as a person reads it.

AgentError
  StoreError          the ledger cannot be opened, read or written
    StoreHeldError    another process writes it
  UsageError          a command was asked for something it cannot do
agent.config.ConfigError stands beside them: it carries all problems of a file at once.
"""


class AgentError(Exception):
    """One clear message: what, where, got, wanted, next step."""


class StoreError(AgentError):
    """The ledger cannot be opened, read or written."""


class StoreHeldError(StoreError):
    """Another process writes this store; the message names it."""


class UsageError(AgentError):
    """A command was asked for something it cannot do."""
