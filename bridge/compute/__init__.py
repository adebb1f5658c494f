"""The seam to compute: a child process that does the heavy work, its progress, and how it is asked to stop."""
