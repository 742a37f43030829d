"""Strategies that order frames by what their labels are worth. They see arrays only."""
