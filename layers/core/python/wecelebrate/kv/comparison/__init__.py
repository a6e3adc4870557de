"""Compares the documents of the store with the rows of the platform, and repairs the differences.

This package computes the expected rows without the mapping (`schema/functions/kv_*.sql`). It shares no code with the
mapping, so that it can detect errors of the mapping. The database only returns the documents and the rows
(`kv_comparison*.sql`).

A column is compared if the mapping and the mirror keep the column equal to the document. The dates, the slug and the
settings of an existing row are not compared, because only the platform decides these values. See decisions 0088 and
0089.

    values      reads the values of documents: texts, amounts, dates, states
    identity    says which record a document belongs to
    fields      compares the columns of a row with its document
    orders      compares the columns of an order with its document
    records     compares documents with rows, and checks each difference a second time
    runs        runs a comparison page by page
    repairs     repairs differences
"""
