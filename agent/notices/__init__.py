"""Messages about faults: what is said (desk), in which words, and the ways out."""
