"""agent.yml: YAML nodes with marks into typed models, all problems at once."""

from agent.config.diff import ConfigDiff, diff
from agent.config.effective import effective_target
from agent.config.load import load
from agent.config.model import (
    Config,
    KindConfig,
    Limit,
    ModuleConfig,
    TargetConfig,
    VantageConfig,
    store_path,
)
from agent.config.problems import ConfigError, Problem, Rule
from agent.config.schema import Plane, Role, States, TargetRow
from agent.config.show import as_dict, effective_yaml

__all__ = [
    "Config",
    "ConfigDiff",
    "ConfigError",
    "KindConfig",
    "Limit",
    "ModuleConfig",
    "Plane",
    "Problem",
    "Role",
    "Rule",
    "States",
    "TargetConfig",
    "TargetRow",
    "VantageConfig",
    "as_dict",
    "diff",
    "effective_target",
    "effective_yaml",
    "load",
    "store_path",
]
