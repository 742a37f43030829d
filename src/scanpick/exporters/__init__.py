"""Hand-off of picks to other tools."""
