"""Transformations compute columns from the columns of a file, as the settings of a catalog say.

    settings    separates the plain entries of a mapping, which map a field to a column, from transformations
    columns     the computed columns of a file, and the plan's fields that are read from them
    text        the steps for texts, which compute a cell from a cell
    arithmetic  the steps for numbers, which are exact: only the step `round` rounds

A computed column is added to the cells of a row before a product is built from them. All other code handles it like a
column of the file. A file without transformations does not run any code of this package. The steps for numbers are
applied after the number was parsed, because the texts of the whole file decide the decimal separator.
"""
