"""The server of releases: pages, their JSON twins, pictures and downloads. It cannot open persons' data."""
