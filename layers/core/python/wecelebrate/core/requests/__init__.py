"""The pipeline of a request: resolve the session, check the limits, get the value from the cache. One Redis call.

sessions        the session of a caller
limits          rate limits
request_cache   one request at the cache
loading         a value from the cache, or loaded from the database
"""
