"""News about orders in files: acknowledgements, shipments, deliveries and cancellations.

`reading` turns a file of any format into rows, `grouping` joins the rows to news about one order, and `applying`
changes the orders. The same news can come any number of times, in any order.
"""
