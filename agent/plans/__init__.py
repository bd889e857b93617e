"""Plans as files: read, checked with all problems at once, and the ones that travel with the agent."""

from agent.plans.load import BUILT_IN, configured_plans, load_plan, plan_by_id

__all__ = ["BUILT_IN", "configured_plans", "load_plan", "plan_by_id"]
