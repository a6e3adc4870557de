"""Opens a file of any format as a table, with its header, the rows above and below the table, and its rows."""
