"""Builds products from rows: checks, commands, variants and parents."""
