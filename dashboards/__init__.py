"""Dashboards for Grafana, made from code; a preview of them; and the demo stack. Needs nothing of the agent to run."""
