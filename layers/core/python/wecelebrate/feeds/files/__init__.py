"""Reads the bytes of a file: archives, encodings, and the delimiters of text files."""
