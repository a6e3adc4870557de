"""Decides at which price a product is sold, and reads this price."""
