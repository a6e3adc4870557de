"""Decides which price products are sold at, and reads this price."""
