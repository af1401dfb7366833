"""Forms that professionals fill in with citizens: their own folder, database and key, apart from the statistics."""
