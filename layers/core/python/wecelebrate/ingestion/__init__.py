"""Ingestion: loads products from files and from requests into catalogs.

    bulk_import       rows of a request, or an uploaded file, as one job
    sync              files in the drops bucket, where ERP systems upload them
    uploads           files that clients upload to S3 with a presigned URL
    mappings          proposals that say which column of a file contains which field of a product
    merge             the common part of bulk imports and syncs: merges the rows of a file into a catalog
    catalog_settings  the settings of a catalog for reading files

`wecelebrate.feeds` parses the files. That package does not use the database, and the package `wecelebrate.ingestion`
does not depend on file formats.
"""
