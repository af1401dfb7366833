"""Definition + store → Summary → Estimates."""
