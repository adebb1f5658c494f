"""Decode a bounce once, and turn raw stems into delivered ones. Everything here works in blocks."""
