"""What every domain stands on. Nothing in here imports a domain."""
