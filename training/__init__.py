"""What makes models: topic folders in, trained models and their evaluation out.

Runs on a developer's machine (`python -m training`), never in a Lambda. Coding with a model is
`coding_service.coder`.
"""
