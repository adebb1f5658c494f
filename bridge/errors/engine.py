"""What an engine meets."""

from __future__ import annotations

from bridge.errors.root import StembridgeError


class EngineError(StembridgeError):
    """Something about the engine that separates."""

    default_code = "engine"


class EngineUnavailable(EngineError):
    """The engine is not installed, or not part of this version."""

    default_code = "engine.unavailable"


class ModelUnsupported(EngineError):
    """The engine cannot make this model's stems; the advice names those that can."""

    default_code = "engine.model"


class EngineFailed(EngineError):
    """The engine started and broke: worth one more try."""

    default_code = "engine.failed"
    retryable = True


class WeightsError(EngineError):
    """Weights that are missing, damaged, unknown, or not what the catalogue says."""

    default_code = "weights"
