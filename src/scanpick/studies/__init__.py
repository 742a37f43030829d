"""The loop over rounds, strategies and seeds that proves what a strategy is worth; it trains through `training`."""
