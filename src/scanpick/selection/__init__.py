"""Strategies that order frames by what their labels are worth. They see arrays only."""

from scanpick.selection.budget import Budget, Prices, parse_budget
from scanpick.selection.constraints import Clips, Constraints, Strata
from scanpick.selection.engine import select
from scanpick.selection.pool import ObjectEmbeddings, Pool
from scanpick.selection.strategies import STRATEGIES

__all__ = [
    "STRATEGIES",
    "Budget",
    "Clips",
    "Constraints",
    "ObjectEmbeddings",
    "Pool",
    "Prices",
    "Strata",
    "parse_budget",
    "select",
]
