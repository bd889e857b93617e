"""The demo stack: the lab, the agent, Prometheus and Alertmanager on one machine, all on loopback, by one command."""
