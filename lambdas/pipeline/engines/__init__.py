"""What codes the files: an engine for each service that Pipeline can drive."""
