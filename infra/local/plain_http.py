"""The TLS context of HTTP clients that call only the local cloud.

httpx creates a TLS context for each client, even if the client never uses TLS. Reading the certificates of the
authorities takes about 20 ms of CPU time, which is longer than most requests to the local cloud.
"""

import ssl

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""A TLS context that trusts no authority. A request to an https URL therefore fails."""
