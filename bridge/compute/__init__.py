"""Runs heavy work in other processes: the executor, its progress channel, the runner that watches a task, the tasks."""
