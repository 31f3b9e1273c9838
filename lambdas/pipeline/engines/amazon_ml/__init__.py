"""The engine that is Amazon ML, or a service that speaks its API: batch predictions.

| module | what it knows |
|---|---|
| `engine` | one batch prediction, step by step, as Pipeline asks for it |
| `api` | the calls, and what their errors mean |
| `models` | which model codes a topic, and which fields it takes |
| `csv_input` | records as rows of CSV |
| `scores` | the service's output: gzip, CSV, a score for each class |
| `codelist` | a topic's codelist; scores rolled up to one of its codes |
| `convert_output` | the results as lines of output, in steps that resume |
"""
