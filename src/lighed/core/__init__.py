"""What every package shares: types, the release reader, errors, texts, settings, progress and accounts."""
