"""The road over a radio: a unit is found, recognised, entered, updated and seen again."""
