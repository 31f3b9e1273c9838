"""The documented API: routes, batch operations, presigned URLs, each client's rate.

Used by the function `api` alone. Who the caller is has been settled by `authorizer`; what an
operation is stands in `operations`.
"""
