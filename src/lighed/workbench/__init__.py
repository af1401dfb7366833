"""The analyst's side of the secure zone: loading, building and signing off, from pages and from the command line."""
