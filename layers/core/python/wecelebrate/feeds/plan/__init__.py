"""Decides from the evidence in a file how the file is read: the column of each field, and the decimal separator.

The evidence consists of the names and the values of columns, the catalog's settings, and the way in which the catalog's
previous file was read. This package and the packages `identity`, `prices`, `stock` and `states` examine the evidence.
If it is not sufficient, they return a question.
"""
