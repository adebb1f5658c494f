"""Publishing: making a bounce reachable at a private, short-lived URL, and taking it back."""
