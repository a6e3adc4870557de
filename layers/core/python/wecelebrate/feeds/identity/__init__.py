"""Decides which column identifies the products of a file."""
