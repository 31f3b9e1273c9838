"""The documented API: routes, batch operations, presigned URLs, each client's rate.

Used by the function `api` alone. `authorizer` has checked who the caller is; what an operation is
stands in `operations`.
"""
