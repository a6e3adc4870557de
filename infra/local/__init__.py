"""The local cloud: the same functions on real parts, on 127.0.0.1."""
