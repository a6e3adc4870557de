"""Compares the documents of the store with the rows of the platform, and repairs the differences.

This is a second implementation of what a row must be: it shares no code with the mapping (`schema/functions/kv_*.sql`),
so that an error of the mapping is noticed. The database only returns both sides (`kv_comparison*.sql`).

A column is compared if the mapping and the mirror keep it in step. The dates, the slug and the settings of a row that
exists belong to the platform alone, so they are not compared. Decisions 0088 and 0089.

    values      reads the values of documents: texts, amounts, dates, states
    identity    says which record a document belongs to
    fields      names the columns of a row that its document contradicts
    orders      the same for orders
    records     compares documents with rows, and reads a difference once more
    runs        runs a comparison page by page
    repairs     repairs differences
"""
