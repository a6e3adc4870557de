"""Builds products from rows. This includes checks, commands, variants and parents."""
