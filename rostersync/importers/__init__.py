"""What shape a delivery has: files in, a Roster and its findings out. Read, then checked; nothing is written."""
