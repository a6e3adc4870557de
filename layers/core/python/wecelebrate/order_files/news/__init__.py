"""News about orders in files: acknowledgements, shipments, deliveries and cancellations.

`reading` converts a file of any format to rows, `grouping` combines rows into news about one order, and `applying`
changes the orders. The same news can arrive any number of times, in any sequence.
"""
