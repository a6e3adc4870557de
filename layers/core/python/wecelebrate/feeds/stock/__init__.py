"""Decides which columns state a stock, and reads stocks."""
