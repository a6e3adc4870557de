"""Files and rows from outside become products: feeds are read, staged and merged into a catalog."""
