from tests.support.coding_service.trained_models import (
    anzsco,
    anzsco_topic,
    mixed,
    trades,
    trades_directory,
)

__all__ = ["anzsco", "anzsco_topic", "mixed", "trades", "trades_directory"]
