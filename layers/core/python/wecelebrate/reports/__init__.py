"""Reports about the orders, the visitors and the catalogs of clients.

periods     the local days of a report
models      the reports
scope       the client, the site and the days of a report
client      the report of a client: orders, revenue, products, customers, conversion
fulfilment  how long orders take to be shipped and delivered
catalog     the products and the stock of a catalog, and how its files were read
platform    all clients, orders, jobs and storage, for admins
workbook    the report of a client as XLSX with charts
files       the job that writes a report into a file
tables      the tables of a report as CSV

The figures of orders come from totals for slots of 15 minutes (`app.order_figures`). In every time zone, a local day
consists of whole slots. The figures are always exact, because a read also adds the changes that are not in the totals
yet, in the same snapshot.
"""
