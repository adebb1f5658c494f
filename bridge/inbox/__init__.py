"""The inbox: a watched folder whose finished bounces become jobs, each once, and none is ever lost.

How to read it: `inbox.Inbox` is the one thread that decides; `scan` is the truth and `watch` only brings the next
scan forward; `settling` says when a file stands still, `completeness` whether its container agrees; `copiers` copy to
the spool, and the `ledger` (the job store) makes the job. `hands` are the threads for that and for the `clerk`, who
passes on what a `jobfile` asks for. `ingest.ingest_now` is the same way in for a named file.
"""
