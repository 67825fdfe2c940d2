"""The road over USB: a unit that is its serial number, and whose port goes with every restart."""
