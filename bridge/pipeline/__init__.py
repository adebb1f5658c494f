"""The way of a job from the store to its delivery."""
