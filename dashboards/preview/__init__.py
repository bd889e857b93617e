"""What the panels' queries answer, and a page of it: a preview for people without a Grafana, never a Grafana."""
