"""Values that the parts of a run hand to each other. No I/O, no clock, no environment."""
