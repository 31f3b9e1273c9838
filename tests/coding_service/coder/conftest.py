from tests.support.coding_service.trained_models import anzsco, trades, trades_directory

__all__ = ["anzsco", "trades", "trades_directory"]
