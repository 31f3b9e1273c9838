"""The engine that is Amazon ML, or a service that speaks its API: batch predictions.

| module | what it knows |
|---|---|
| `engine` | the journey of one batch prediction, as Pipeline asks for it |
| `api` | the calls, and what their errors mean |
| `models` | which model codes a topic, and which fields it takes |
| `rows` | records as rows of CSV |
| `exchange` | the bucket in which input and results lie |
| `predictions` | the service's output: gzip, CSV, a score for each class |
| `codelist` | codes, labels and parents; scores rolled up to a code |
| `preparing` | the results as lines of output, in steps that resume |
"""
