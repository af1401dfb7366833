"""What people edit together: registers of initiatives and what belongs to them, with all that they ever were."""
