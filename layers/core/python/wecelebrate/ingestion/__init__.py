"""Ingestion: products from files and from requests.

    bulk_import       rows of a request, or an uploaded file, as one job
    sync              files in the drops bucket, where ERP systems upload them
    uploads           files that clients upload to S3 with a presigned URL
    mappings          proposals for the mapping that assigns the columns of a file to the fields of a product
    merge             the common part of a bulk import and a sync: rows → staging → catalog
    catalog_settings  the settings of a catalog for reading files

`wecelebrate.feeds` parses the files. That package does not use the database, and the package `wecelebrate.ingestion`
does not depend on file formats.
"""
