"""Reads that the cache may answer, whoever asks: a request, a write that was just committed, the warming schedule."""
