"""How the tables came to be what they are: each change a migration, run by firmline itself.

A migration is never edited after a release: databases have gone through it. The tables that all of
them make are those of :mod:`firmline.line.records.tables`, which a test proves on both databases.
"""
