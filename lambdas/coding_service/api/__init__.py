"""The documented API: routes, batch operations, coding at once, presigned URLs, clients' rates.

Two functions: `handler` answers at once and knows no model's weights; `code_handler` codes records
while the caller waits. `authorizer` has checked who the caller is; what an operation is stands in
`operations`, how a text is coded in `coder`.
"""
