"""The engine that is a Coding Service without its files: small batches, coded at once.

| module | what it knows |
|---|---|
| `engine` | an operation, step by step, as Pipeline asks for it |
| `distinct_texts` | an input's records, and their texts once each, as the service takes them |
| `files` | what lies of an operation in the bucket |
| `answers` | what the service said of a batch, as the ends of lines of output |
| `coding` | the calls, in steps that resume |
"""
