"""Reads files with news about orders: acknowledgements, shipments, deliveries and cancellations.

`reading` converts a file to rows, `grouping` combines the rows into news about one order, and `applying` changes the
orders. The same news can arrive several times, and in any sequence.
"""
