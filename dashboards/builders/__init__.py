"""Typed builders of Grafana dashboards: what a panel is stands here once, its JSON is written by `render`."""
