"""The inbox: a watched folder whose finished bounces become jobs, each once, and none is ever lost.

How to read it: `inbox.Inbox` is the one thread that decides. `scan` finds the files, and `scan_schedule` says when;
file events (`watch`) only make the next scan come sooner. `settling` says when a file stands still. `ingest` judges
whether it is complete, copies it to the spool and has the job made; `outcome_handler` decides what follows.
`job_file_handler` does the same for job files. `hands` are the worker threads of both.
"""
