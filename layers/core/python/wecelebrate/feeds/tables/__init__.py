"""Opens a file of any format as a table: the header, the rows, and the texts above and below the table."""
