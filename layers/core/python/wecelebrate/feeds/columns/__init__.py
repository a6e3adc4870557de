"""Describes the columns of a file: their usual names, their values, and whether they are public."""
