"""The coder: topics, training, coding and evaluation. It knows nothing of AWS;
its command `publish` hands over to `coding_service.publishing`.

What codes (`model`, `catalogue`) needs numpy alone; what trains (`training`, `topic_files`)
also needs scikit-learn and PyYAML and never goes into a Lambda asset.
"""
