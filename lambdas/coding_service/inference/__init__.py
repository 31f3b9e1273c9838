"""From an uploaded file to its results: starting, cutting, coding and ending an operation.

Three functions: `start_handler`, `code_handler`, `lifecycle_handler`. How a text is coded is
`coder`; how any large object is worked on in ranges is `byte_ranges`.
"""
