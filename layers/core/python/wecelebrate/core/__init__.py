"""Shared infrastructure that every domain uses. No module in this package imports a domain."""
