"""What goes wrong between a delivery and Audacity, each as one sentence for the musician."""

from __future__ import annotations


class Trouble(Exception):
    """The import did not happen; the project is as it was. The message is the sentence."""


class NoAudacity(Trouble):
    """There is nobody to talk to: Audacity is not running, or its module is off."""


class NoAnswer(Trouble):
    """Audacity is there but does not answer: a dialog, or something long."""


class Refused(Trouble):
    """Audacity answered that it could not do it."""
