"""What shape a delivery has: files in, a Roster and its findings out. Nothing is written."""
