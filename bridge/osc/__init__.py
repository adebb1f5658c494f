"""Open Sound Control: how a DAW, a patch or a controller asks for stems, and hears of them.

In: `udp` and `tcp` (whose stream `framing` cuts into packets) listen, and give what a host sends that `limits` lets in
to the `router`. There `packet` judges its bytes and `addresses`, the table, its arguments; `commands` does what it
asks, at once or on a lane, through the `actions` that the daemon hands in.

Out: `feedback` sends an answer at once, and leaves the news of jobs to the one thread of the `broadcaster`, who knows
which of the `peers` hear what: who asked for a job, and the `audience` of everything. `report` says what there is to
hear of a job next, and `outgoing` puts it into packets.

`room` starts and stops all of it at the port that `sockets` opens. `asking` is the other end.
"""
