"""Compares the documents of the store with the rows of the platform, and repairs the differences.

This package computes the expected rows a second time. It shares no code with the mapping (`schema/functions/kv_*.sql`),
so it can detect errors of the mapping. The database only returns both sides (`kv_comparison*.sql`).

A column is compared if the mapping and the mirror keep it equal to the document. Only the platform decides the dates,
the slug and the settings of an existing row, so they are not compared. Decisions 0088 and 0089.

    values      reads the values of documents: texts, amounts, dates, states
    identity    says which record a document belongs to
    fields      names the columns of a row that its document contradicts
    orders      names the columns of an order that its document contradicts
    records     compares documents with rows, and reads a difference once more
    runs        runs a comparison page by page
    repairs     repairs differences
"""
