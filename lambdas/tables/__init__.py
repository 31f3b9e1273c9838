"""People's tables: CSV, Excel, Parquet and JSON, read row by row, prepared for a service, and given
back with the codes beside the rows.

Nothing here knows AWS, drops or operations: a table is a `ByteSource`, whatever holds its bytes.
"""
