"""Real installers, through real servers."""
