"""Delivery: safe names, the song's folder with its takes, and the receipt that is written last."""
