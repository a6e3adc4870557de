"""Opens a file of any format as a table: its header, the rows around it, and its rows."""
