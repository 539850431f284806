"""What a trial of the search draws, and what becomes of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from edgecompress.prune.widths import FLOOR
from edgecompress.recipe import Recipe

if TYPE_CHECKING:
    import optuna

_SCORES = ("taylor", "l1", "l2", "bn-gamma", "activation")
_LARGEST_LOG_FACTOR = 2.0  # a group's channels may count for e^-2 to e^2 of their worth
_LARGEST_RATE_FACTOR = 4.0  # the learning rate may be a quarter to four times the recipe's
_SMALLEST_FLOOR = 0.25
_SMALLEST_SHARE = 0.2
_TEMPERATURES = (1.0, 10.0)
_PREFIX = "worth:"  # of the parameters that belong to a group


@dataclass(frozen=True)
class Choice:
    """How a trial cuts the original and trains what is left."""

    log_factors: Mapping[str, float]  # by group: on what its channels are worth
    floor: float  # see `find_widths`
    score: str
    learning_rate: float
    alpha: float
    temperature: float
    share: float = 1.0  # of the original's size that the recipe's `pick` wants little of

    @property
    def parameters(self) -> dict[str, Any]:
        """As the study names them."""
        named = {_PREFIX + name: value for name, value in self.log_factors.items()}
        return named | {name: value for name, value in vars(self).items() if name != "log_factors"}

    def applied(self, recipe: Recipe) -> Recipe:
        """Return the recipe with the trial's score and training settings."""
        return replace(
            recipe,
            score=self.score,
            learning_rate=self.learning_rate,
            alpha=self.alpha,
            temperature=self.temperature,
        )


def greedy(recipe: Recipe, groups: Iterable[str]) -> Choice:
    """Return what is done without a search: the recipe's own settings, no group preferred."""
    return Choice(
        log_factors=dict.fromkeys(groups, 0.0),
        floor=FLOOR,
        score=recipe.score,
        learning_rate=recipe.learning_rate,
        alpha=recipe.alpha,
        temperature=recipe.temperature,
    )


def draw(trial: "optuna.Trial", recipe: Recipe, groups: Iterable[str]) -> Choice:
    """Draw a choice around the recipe's."""
    rate, (low, high) = recipe.learning_rate, _TEMPERATURES
    low, high = min(low, recipe.temperature), max(high, recipe.temperature)
    factor = _LARGEST_LOG_FACTOR
    least = 1.0 if recipe.pick == "accuracy" else _SMALLEST_SHARE
    return Choice(
        log_factors={name: trial.suggest_float(_PREFIX + name, -factor, factor) for name in groups},
        floor=trial.suggest_float("floor", _SMALLEST_FLOOR, 1.0),
        score=trial.suggest_categorical("score", list(dict.fromkeys((*_SCORES, recipe.score)))),
        learning_rate=trial.suggest_float(
            "learning_rate", rate / _LARGEST_RATE_FACTOR, rate * _LARGEST_RATE_FACTOR, log=True
        ),
        alpha=trial.suggest_float("alpha", 0.0, 1.0),
        temperature=trial.suggest_float("temperature", low, high, log=True),
        share=trial.suggest_float("share", least, 1.0),
    )


def drawn(parameters: Mapping[str, Any]) -> Choice:
    """Return the choice of a trial's parameters."""
    named = {name: value for name, value in parameters.items() if name.startswith(_PREFIX)}
    plain = {name: value for name, value in parameters.items() if name not in named}
    factors = {name.removeprefix(_PREFIX): value for name, value in named.items()}
    return Choice(log_factors=factors, **plain)
