"""The local cloud: runs every function on this machine with real PostgreSQL, Redis, S3 and SQS, on 127.0.0.1."""
