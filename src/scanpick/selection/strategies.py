"""The table of strategies. In a file of its own, since `select` reads it and strategies do not."""

from scanpick.registry import Registry
from scanpick.selection.strategy import Strategy

STRATEGIES: Registry[type[Strategy]] = Registry(
    "strategy",
    {
        "random": "scanpick.selection.ranking:Random",
        "diversity": "scanpick.selection.diversity:Diversity",
        "k_center": "scanpick.selection.diversity:Diversity",
        "uncertainty": "scanpick.selection.ranking:Uncertainty",
        "probcover": "scanpick.selection.probcover:ProbCover",
        "typiclust": "scanpick.selection.clusters:TypiClust",
        "kmeans": "scanpick.selection.clusters:KMeans",
        "facility_location": "scanpick.selection.facility_location:FacilityLocation",
        "herding": "scanpick.selection.herding:Herding",
        "uncertainty_herding": "scanpick.selection.herding:UncertaintyHerding",
        "badge": "scanpick.selection.badge:Badge",
        "combined": "scanpick.selection.combined:Combined",
    },
    group="scanpick.strategies",
)
"""Name -> strategy. `k_center` is another name of `diversity`."""


def name_of(strategy: Strategy) -> str:
    """The name that a strategy is registered under, or else that of its class in small letters."""
    place = f"{type(strategy).__module__}:{type(strategy).__qualname__}"
    named = (name for name, entry in STRATEGIES.table().items() if entry == place)
    return next(named, type(strategy).__name__.lower())
