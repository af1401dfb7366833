"""Pages as data, the sentences on them, and what writes them out."""
