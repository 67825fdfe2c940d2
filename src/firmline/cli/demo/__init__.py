"""The demonstration: a shift at a production line, told by the real commands.

``making`` writes what a maker has (a key, an application, a recipe) and the units of ``gallery``;
``shift`` runs them through a station with its page; ``command`` tells the story.
"""
