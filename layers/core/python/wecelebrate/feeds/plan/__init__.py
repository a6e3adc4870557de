"""Decides how a file is read from the evidence in the file: which column is a field, which character is decimal.

The modules of this package and of `identity`, `prices`, `stock` and `states` look at the names and the values of
columns, at the catalog's settings, and at the way in which the catalog's earlier file was read. Where this evidence
does not decide, they return a question.
"""
