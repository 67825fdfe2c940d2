"""The recipe: the ordered steps of one product revision, as values.

Rules of this room: pure. A text goes in, and a :class:`~firmline.line.recipe.recipe.Recipe` or one
error that names line, key and what is expected comes out; files, packages and a customer's steps
are looked at elsewhere. A recipe that was read is whole: every step can be carried out in the order
given, every limit can be met, and what is not said has a value.

``keys`` says what may stand in the file, ``kinds`` what steps there are, ``reading`` puts them
together; ``words`` says a recipe to people.
"""
