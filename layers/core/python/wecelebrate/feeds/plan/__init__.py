"""Decides from the evidence in a file how the file is read: the column of each field, and the decimal separator.

The modules of this package and of `identity`, `prices`, `stock` and `states` look at the names and the values of
columns, at the catalog's settings, and at the way in which the catalog's earlier file was read. If this evidence is not
sufficient, they return a question.
"""
