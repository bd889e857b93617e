"""The plan's own words in an English report: its categories and attributes by name; definitions stay as printed."""

from collections.abc import Mapping

from agent.language import EN

CATEGORIES: Mapping[str, str] = {
    "公共基础软件": "Common software",
    "公共服务": "Public services",
    "城市治理": "City governance",
    "基础设施": "Infrastructure",
    "市场监管": "Market regulation",
    "政务服务": "Government services",
    "政府运行": "Government operation",
    "数据资源": "Data resources",
    "社会治理": "Social governance",
    "社会管理": "Social management",
    "网络": "Networks",
    "行政效能": "Administrative efficiency",
    "覆盖": "Coverage",
    "运维": "Operation",
}
ATTRIBUTES: Mapping[str, str] = {"约束性": "binding", "预期性": "expected"}


def category(printed: str, language: str) -> str:
    """A category of a plan's table; one that nobody translated stays as it is printed."""
    return CATEGORIES.get(printed, printed) if language == EN else printed


def attribute(printed: str, language: str) -> str:
    """Whether a target binds."""
    return ATTRIBUTES.get(printed, printed) if language == EN else printed
