"""The steps of a request: resolve the session, check the limits, get the value. All steps share one Redis call.

sessions        loads and caches the session of a caller
limits          defines the rate limits
addresses       defines which IP addresses count as one address
counting        counts one request against its limits
request_cache   makes the Redis call of a request
loading         gets a value from the cache, or loads it from the database
"""
