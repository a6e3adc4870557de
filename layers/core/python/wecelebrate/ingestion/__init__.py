"""Ingestion: products from files and from requests.

    bulk_import       rows of a request, or an uploaded file, as one job
    sync              files in the drops bucket, where ERP systems upload them
    uploads           files that clients upload to S3 with a presigned URL
    mappings          proposals for a catalog's mapping of columns to fields
    merge             the common part of a bulk import and a sync: rows → staging → catalog
    catalog_settings  how a catalog's files are read

`wecelebrate.feeds` parses the files. It knows no database; this package knows no file format.
"""
