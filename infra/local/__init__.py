"""The local cloud. It runs every function on this machine, with PostgreSQL, Redis, S3 and SQS on 127.0.0.1."""
