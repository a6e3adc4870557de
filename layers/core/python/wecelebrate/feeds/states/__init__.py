"""Decides which columns state whether a product is sold, and reads the states in these columns."""
