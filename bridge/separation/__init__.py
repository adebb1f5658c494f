"""The engines, and the catalogue of the models they can run."""
