"""Reading what is on a unit, over every link, and sending it back where it was."""
