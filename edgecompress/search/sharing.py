"""Trials of a study that several runs share: none is lost with the run that began it."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from edgecompress.errors import ToolError
from edgecompress.refused import causes

if TYPE_CHECKING:
    import optuna

_log = logging.getLogger(__name__)


def share_trial(study: "optuna.Study", objective: Callable[["optuna.Trial"], float]) -> None:
    """Run a trial; first, trials of runs that died are made ready to be run again.

    A trial that is broken off here, by Ctrl-C or a full disk, is left to be run again too.

    Raises:
        ToolError: the database stays away.
    """
    begun: list[optuna.Trial] = []

    def noted(trial: "optuna.Trial") -> float:
        begun.append(trial)
        return objective(trial)

    try:
        study.optimize(noted, n_trials=1)
    except BaseException as error:
        away = next((each for each in causes(error) if isinstance(each, ToolError)), None)
        if away is not None:  # Optuna fails in its own ways once its database does
            raise away from None
        if begun and not _left_to_others(study, begun[0].number):
            _leave_to_others(study, begun[0].number)
        elif begun and isinstance(error, Exception):
            _log.warning("%d was taken for dead, and left to another run", begun[0].number)
            return
        raise


def _left_to_others(study: "optuna.Study", number: int) -> bool:
    trials = study.get_trials(deepcopy=False)
    return any(number in trial.system_attrs.get("retry_history", ()) for trial in trials)


def _leave_to_others(study: "optuna.Study", number: int) -> None:
    from optuna.trial import TrialState

    trial = study.get_trials()[number]
    if trial.state is TrialState.FAIL:  # else it is about to be taken for dead
        retry = study._storage.get_heartbeat_stale_trial_callback()  # type: ignore[attr-defined]  # noqa: SLF001
        retry(study, trial)
