"""Reads Excel workbooks (XLSX, XLSM) row by row in constant memory.

The parser expat parses the sheet while the sheet is unpacked. The shared strings are stored in a temporary file.

Other libraries were measured with a sheet of ten columns. The library python-calamine keeps the whole sheet in memory:
93 MB for 100,000 rows. The function `iterparse` of lxml takes three times as long as expat.
"""

from wecelebrate.feeds.xlsx.table import open_xlsx

__all__ = ["open_xlsx"]
