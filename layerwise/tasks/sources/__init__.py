"""Where a task's features come from: a store on disk, or the frozen encoder while it trains."""
