"""Faults as values: what can be wrong with a unit, its road or its host, each under one name."""
