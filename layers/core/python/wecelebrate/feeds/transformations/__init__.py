"""Transformations compute columns from the columns of a file, as the settings of a catalog say.

    settings    separates plain entries of a mapping (field → column) from transformations
    columns     the computed columns of a file, and the plan's fields that are read from them
    text        the steps for texts: one cell to one cell
    arithmetic  the steps for numbers: exact, and only rounded if a step says so

A computed column is added to the cells of a row before a product is built from them, so everything else treats it like
a column of the file. A file without transformations does not run any of this code. The steps for numbers are applied
after the number was parsed, because the decimal separator is decided by the texts of the whole file.
"""
