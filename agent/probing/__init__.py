"""Probes that somebody asks for over HTTP: beside the schedule and the ledger, with bounds of their own."""
