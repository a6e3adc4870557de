"""Reports about the orders, the visitors and the catalogs of clients.

periods   the local days of a report
models    the reports
client    the report of a client: orders, revenue, products, customers, conversion
tables    the tables of a report as CSV

The figures of orders come from totals per 15 minutes (`app.order_figures`). They are exact at every moment, because a
read adds the changes that were not rolled up yet, in one snapshot. A local day consists of whole slots of 15 minutes.
"""
