"""A database that may be away for a while: calls wait for it, and no living trial is given up.

Optuna's storage is called through its public methods. Each of these may be called again when its
answer was lost: what it then leaves behind twice is a trial that nobody runs, which is found like
one whose run was killed.
"""

import functools
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from edgecompress.errors import ToolError, UsageError
from edgecompress.refused import causes, is_full
from edgecompress.search.place import Watch

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0
# Running trials whose run was killed before it first said that it lives get a time of grace too.
_FIRST_HEARTBEATS = """
INSERT INTO trial_heartbeats (trial_id, heartbeat) SELECT trial_id, CURRENT_TIMESTAMP FROM trials
WHERE study_id = :study AND state = 'RUNNING'
AND NOT EXISTS (SELECT 1 FROM trial_heartbeats h WHERE h.trial_id = trials.trial_id)
"""


@dataclass
class Contact:
    """What is known of a database's absences."""

    watch: Watch
    place: str  # as messages call it
    last_away: float = float("-inf")  # time.monotonic()
    lost: ToolError | None = None


def keep_contact(storage: Any, watch: Watch, place: str) -> None:
    """Let all calls of an Optuna storage wait for its database, and its trials be watched."""
    from optuna.storages import BaseStorage

    contact = Contact(watch, place)
    storage.record_heartbeat = _heartbeat(contact, storage.record_heartbeat)
    for name in dir(BaseStorage):
        if not name.startswith("_"):
            setattr(storage, name, patient(contact, getattr(storage, name)))
    storage._get_stale_trial_ids = patient(contact, _stale(contact, storage))  # noqa: SLF001


def patient(contact: Contact, call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that tries again while the database does not answer.

    Raises:
        ToolError: it did not for longer than it is waited for; at once if that was so before.
    """

    @functools.wraps(call)
    def patiently(*arguments: Any, **named: Any) -> Any:
        until = None
        while True:
            try:
                return call(*arguments, **named)
            except Exception as error:  # noqa: BLE001, PERF203 - raised again by _wait
                if until is not None and _is_done(call, error):
                    return True
                until = until or time.monotonic() + contact.watch.outage_seconds
                _wait(contact, error, until)

    return patiently


def _is_done(call: Callable[..., Any], error: Exception) -> bool:
    """Whether a trial had been ended already, by the call whose answer was lost."""
    from optuna.exceptions import UpdateFinishedTrialError

    return call.__name__ == "set_trial_state_values" and isinstance(error, UpdateFinishedTrialError)


def _wait(contact: Contact, error: Exception, until: float) -> None:
    """Wait a little, or raise: `error` if it is of another kind, ToolError if it is too late."""
    if contact.lost is not None:
        raise contact.lost
    if not is_away(error):
        raise error
    now = time.monotonic()
    if now - contact.last_away > contact.watch.outage_seconds:
        _log.warning("%s does not answer; waiting for it", contact.place)
    contact.last_away = now
    if now > until:
        contact.lost = ToolError(
            f"{contact.place} has not answered for {contact.watch.outage_seconds:.0f} s; once it "
            "does, give the same command with --resume"
        )
        raise contact.lost
    time.sleep(_PAUSE_SECONDS)


def is_away(error: BaseException) -> bool:
    """Say whether an error is that a database did not answer, or broke off."""
    from sqlalchemy.exc import InterfaceError, OperationalError

    chain = (error, *causes(error))
    if isinstance(error, UsageError) or any(map(is_full, chain)):
        return False
    return any(isinstance(each, OperationalError | InterfaceError) for each in chain)


def _heartbeat(contact: Contact, record: Callable[[int], None]) -> Callable[[int], None]:
    """Say that a trial is alive, if the database can hear it: the next time is soon."""

    def recorded(trial_id: int) -> None:
        try:
            record(trial_id)
        except Exception as error:  # noqa: BLE001 - the trial's own calls meet it, and tell
            _log.debug("no heartbeat: %s", type(error).__name__)
            if is_away(error):  # else another run has just said it for this one
                contact.last_away = time.monotonic()

    return recorded


def _stale(contact: Contact, storage: Any) -> Callable[[int], list[int]]:
    """Find trials that died. After an absence all have their time to say that they live."""
    import sqlalchemy

    engine, find = storage._backend.engine, storage._get_stale_trial_ids  # noqa: SLF001

    def found(study_id: int) -> list[int]:
        with suppress(sqlalchemy.exc.IntegrityError), engine.begin() as connection:  # just said it
            connection.execute(sqlalchemy.text(_FIRST_HEARTBEATS), {"study": study_id})
        if time.monotonic() - contact.last_away < contact.watch.grace_seconds:
            return []
        stale: list[int] = find(study_id)
        return stale

    return found


def reason_of(error: BaseException, password: object) -> str:
    """Return the first line of what a database or its driver said, without the password."""
    said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    reason = said.splitlines()[0]
    for secret in (str(password), quote_plus(str(password))) if password else ():
        reason = reason.replace(secret, "***")
    return reason
