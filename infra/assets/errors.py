"""What can go wrong while assets are built."""


class AssetError(Exception):
    """An asset cannot be built; the message says what to do. Mended by whoever deploys."""
