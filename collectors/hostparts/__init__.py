"""What is said of a host whoever read it: which parts, which values, and how counters become rates."""
