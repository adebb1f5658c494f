"""Every error that Stembridge raises on purpose.

    StembridgeError
    ├── ConfigError          the configuration is wrong: every problem at once       (exit 2)
    ├── UsageError           a command was asked for something that makes no sense   (exit 2)
    │   ├── JobNotFound      no job, or more than one, has that id
    │   └── NotPossible      the job's state does not allow what was asked
    ├── InstanceRunning      another process works on the same state folder
    ├── BounceError          the user's file: unreadable, empty, cut off              (never retried)
    ├── EngineError          the engine's part
    │   ├── EngineUnavailable  that engine is not installed or not in this version
    │   ├── ModelUnsupported   that engine cannot make that model's stems
    │   ├── WeightsError       weights that are missing, damaged, unknown, or not what they should be
    │   └── EngineFailed       it started and broke
    ├── CloudError         the separation service's part; `parked` says where the job waits
    │   ├── NotSent            the request certainly never reached it                  (retried)
    │   ├── OutcomeUnknown     a create was sent and its answer lost: it may be paid    (parked)
    │   ├── OrderedBefore      another job ordered the same audio; its result is not at hand (parked)
    │   ├── ProtocolError      it answered, but not in its own protocol
    │   ├── AnswerLost         a question's answer was lost: ask again                  (retried)
    │   ├── RefusedByCloud   it answered with a code, and did nothing; one class a code: protocol/refusals.py
    │   │   ├── InsufficientCredit, InvalidKey, Suspended, NotEnabled   the account    (parked)
    │   │   ├── RateLimited, ConcurrencyLimited                         too much at once (retried)
    │   │   ├── TaskGone         it no longer knows a task that may be paid             (parked)
    │   │   └── UnknownCode      a code that its documentation does not have
    │   ├── TaskFailed         it could not separate the bounce
    │   └── OverBudget         the job would pass the monthly cap of minutes            (parked)
    ├── StorageError         the disk: full, gone, not writable                       (retried)
    │   └── DeliveryOvertaken  something else took the planned place: plan again
    ├── TransferError        a download: the way to the file, or the file itself
    │   ├── TransferCut        it ended or became too slow: the next try resumes it       (retried)
    │   │   └── TransferThrottled  the server asked to wait
    │   ├── LinkRefused        the link expired, or the file is gone
    │   └── WrongFile          too large, or another size or SHA-256 than expected
    ├── PublishError         the bounce could not be made reachable, or not be taken back
    │   ├── PublisherUnavailable  not configured, or its library is not installed
    │   ├── PublishDenied    the peer does not let us: credentials, rights, quota
    │   ├── PublishUnreachable    uploaded, but its public URL leads elsewhere
    │   └── PublishFailed    the network or the peer broke                            (retried)
    ├── ReceiptUnreadable    a `stems.json` is damaged, or written by a newer version
    ├── StoreError           the job store: damaged, or written by a newer version
    ├── OscError             OSC: cannot listen, or a message that asks for something it cannot have
    │   ├── PacketError      bytes that are no OSC, or OSC that we do not take; names the address where known
    │   └── ArgumentError    an address that we have not, or arguments that do not fit it
    ├── NoMoreThreads        the system refuses another thread
    ├── StepCancelled        the user cancelled the job while this step ran
    └── StopRequested        a task in another process was asked to stop, and did

Each carries a short machine-readable `code`, a `message` that says what happened, an `advice` that says what the
user can do about it, and whether trying again unchanged can help (`retryable`).
"""

from __future__ import annotations

from bridge.errors.cloud import (
    AnswerLost,
    CloudError,
    NotSent,
    OrderedBefore,
    OutcomeUnknown,
    OverBudget,
    ProtocolError,
    RefusedByCloud,
    TaskFailed,
)
from bridge.errors.engine import EngineError, EngineFailed, EngineUnavailable, ModelUnsupported, WeightsError
from bridge.errors.osc import ArgumentError, OscError, PacketError
from bridge.errors.publishing import (
    PublishDenied,
    PublishError,
    PublisherUnavailable,
    PublishFailed,
    PublishUnreachable,
)
from bridge.errors.root import (
    BounceError,
    ConfigError,
    ConfigProblem,
    InstanceRunning,
    JobNotFound,
    NoMoreThreads,
    NotPossible,
    ReceiptUnreadable,
    StembridgeError,
    StepCancelled,
    StopRequested,
    StoreError,
    UsageError,
)
from bridge.errors.storage import DeliveryOvertaken, StorageError
from bridge.errors.transfer import LinkRefused, TransferCut, TransferError, TransferThrottled, WrongFile

__all__ = [
    "AnswerLost",
    "ArgumentError",
    "BounceError",
    "CloudError",
    "ConfigError",
    "ConfigProblem",
    "DeliveryOvertaken",
    "EngineError",
    "EngineFailed",
    "EngineUnavailable",
    "InstanceRunning",
    "JobNotFound",
    "LinkRefused",
    "ModelUnsupported",
    "NoMoreThreads",
    "NotPossible",
    "NotSent",
    "OrderedBefore",
    "OscError",
    "OutcomeUnknown",
    "OverBudget",
    "PacketError",
    "ProtocolError",
    "PublishDenied",
    "PublishError",
    "PublishFailed",
    "PublishUnreachable",
    "PublisherUnavailable",
    "ReceiptUnreadable",
    "RefusedByCloud",
    "StembridgeError",
    "StepCancelled",
    "StopRequested",
    "StorageError",
    "StoreError",
    "TaskFailed",
    "TransferCut",
    "TransferError",
    "TransferThrottled",
    "UsageError",
    "WeightsError",
    "WrongFile",
]
