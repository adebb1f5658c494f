"""Stembridge: save a bounce, get its stems in your project."""

__version__ = "0.1.0"
