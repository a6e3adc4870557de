"""The peers with which the benchmarks compare the platform."""
