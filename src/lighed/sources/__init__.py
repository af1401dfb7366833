"""One file per place that data come from; each gives tables in the store's schema."""
