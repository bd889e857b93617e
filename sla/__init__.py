"""The pure core: stdlib only; no clock, no I/O, no logging; time is an argument."""
