from tests.support.coding_service.trained_models import mixed, trades, trades_directory

__all__ = ["mixed", "trades", "trades_directory"]
