"""Decides which columns contain a stock, and reads stocks."""
