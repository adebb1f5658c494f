-- insert_job: an accepted bounce
INSERT INTO jobs (id, song, state, door, watched, source, spool, sha256, inode, size, mtime_ns, stems_key, order_json,
                  created, updated)
VALUES (:id, :song, 'queued', :door, :watched, :source, :spool, :sha256, :inode, :size, :mtime_ns, :stems_key, :order_json,
        :now, :now)

-- insert_event: one line of history
INSERT INTO events (job, at, kind, detail) VALUES (:id, :now, :kind, :detail)

-- remember: what the inbox has dealt with
INSERT INTO seen (path, inode, size, mtime_ns, sha256) VALUES (:path, :inode, :size, :mtime_ns, :sha256)
ON CONFLICT (path) DO UPDATE SET inode = excluded.inode, size = excluded.size, mtime_ns = excluded.mtime_ns,
                                 sha256 = excluded.sha256

-- seen: everything the inbox has dealt with
SELECT path, inode, size, mtime_ns FROM seen

-- latest_of_source: the last job of one path and content
SELECT * FROM jobs WHERE source = :source AND sha256 = :sha256 ORDER BY number DESC LIMIT 1

-- forget_seen: it has left the inbox
DELETE FROM seen WHERE path = :path

-- seen_content: the content a path was last seen with
SELECT sha256 FROM seen WHERE path = :path

-- find: the jobs whose id begins so; two are enough to know it is ambiguous
SELECT * FROM jobs WHERE substr(id, 1, length(:prefix)) = :prefix ORDER BY id = :prefix DESC, number LIMIT 2

-- list: the newest jobs first
SELECT * FROM jobs ORDER BY number DESC LIMIT :limit

-- list_in_states: the jobs in any of some states, oldest first
SELECT * FROM jobs WHERE state IN (SELECT value FROM json_each(:states)) ORDER BY number

-- changed_since: the jobs that have changed lately
SELECT id FROM jobs WHERE updated >= :since ORDER BY number

-- events: the history of a job
SELECT job, at, kind, detail FROM events WHERE job = :id ORDER BY number

-- next_queued: the oldest job that waits, unless its stems are being made for another job at this moment
SELECT * FROM jobs
WHERE state = 'queued' AND (:only IS NULL OR id IN (SELECT value FROM json_each(:only)))
    AND (:engines IS NULL OR order_json ->> '$.engine' IN (SELECT value FROM json_each(:engines)))
    AND NOT EXISTS (
        SELECT 1 FROM jobs AS other
        WHERE other.state IN (SELECT value FROM json_each(:making)) AND other.stems_key = jobs.stems_key
            AND (:only IS NULL OR other.id IN (SELECT value FROM json_each(:only)))
    )
ORDER BY number LIMIT 1

-- reassign: another engine takes a job over
UPDATE jobs SET order_json = :order_json, stems_key = :stems_key WHERE id = :id

-- load_checkpoint: where a job stands with the service
SELECT checkpoint FROM jobs WHERE id = :id

-- order_again: a person allows a new order: for a parked job, or one whose own task the cloud gave up; the published
-- upload stays of use, and the task it followed so far is not followed again
UPDATE jobs
SET checkpoint = json_object('url', nullif(checkpoint, '') ->> '$.url', 'handle', nullif(checkpoint, '') ->> '$.handle',
                             'expires', nullif(checkpoint, '') ->> '$.expires', 'approved', json('true'),
                             'passed', nullif(checkpoint, '') ->> '$.remote_id')
WHERE id = :id AND (state = 'needs_review' OR nullif(checkpoint, '') ->> '$.given_up')

-- note_content: the hash of the decoded samples
UPDATE jobs SET content_hash = :content_hash WHERE id = :id

-- other_orders: orders for the same audio and model by other jobs, in any state; those whose task is known first
SELECT other.id, other.state, other.checkpoint
FROM jobs AS own JOIN jobs AS other ON other.number IN (
    SELECT number FROM jobs WHERE sha256 = own.sha256
    UNION SELECT number FROM jobs WHERE own.content_hash <> '' AND content_hash = own.content_hash
)
WHERE own.id = :id AND other.id <> own.id AND other.checkpoint <> ''
    AND other.order_json ->> '$.model' = own.order_json ->> '$.model'
    AND (other.checkpoint ->> '$.intent' OR other.checkpoint ->> '$.remote_id' <> '' OR other.checkpoint ->> '$.given_up')
ORDER BY other.checkpoint ->> '$.remote_id' <> '' DESC, other.number DESC

-- save_checkpoint: where a job stands with the service
UPDATE jobs SET checkpoint = :checkpoint WHERE id = :id

-- left_published: what jobs that need it no more have published; the others may still be given to the service
SELECT id, checkpoint ->> '$.handle' AS handle FROM jobs
WHERE state IN ('cancelled', 'delivered') AND nullif(checkpoint, '') ->> '$.handle' <> ''
ORDER BY number

-- disown: what a job has published is about to be withdrawn; guarded, since it may have been tried again meanwhile
UPDATE jobs SET checkpoint = json_set(checkpoint, '$.handle', '', '$.expires', 0.0)
WHERE id = :id AND state IN ('cancelled', 'delivered') AND nullif(checkpoint, '') ->> '$.handle' = :handle

-- insert_bill: an order that is about to be sent
INSERT INTO bills (job, ordered, month, minutes) VALUES (:id, :now, :month, :minutes)

-- change_bill: what the latest order of a job costs
UPDATE bills SET minutes = :minutes WHERE number = (SELECT max(number) FROM bills WHERE job = :id)

-- delete_bill: the latest order of a job was certainly not taken
DELETE FROM bills WHERE number = (SELECT max(number) FROM bills WHERE job = :id)

-- sum_bills: all that a job was billed
UPDATE jobs SET minutes = (SELECT coalesce(sum(minutes), 0) FROM bills WHERE job = :id) WHERE id = :id

-- billed_in: the minutes of all orders of a month
SELECT coalesce(sum(minutes), 0) AS minutes FROM bills WHERE month = :month

-- move: a change of state; guarded by the state it was read in
UPDATE jobs
SET state = :after, updated = :now, step = '', cancelling = CASE WHEN :working THEN cancelling ELSE 0 END,
    progress = CASE :after WHEN 'queued' THEN 0 WHEN 'delivered' THEN 1 ELSE progress END,
    attempt = attempt + :attempts, plan = coalesce(:plan, plan), folder = coalesce(:folder, folder),
    error_code = :error_code, error_message = :error_message, error_advice = :error_advice,
    error_retryable = :error_retryable, retry_at = :retry_at
WHERE id = :id AND state = :before

-- progress: how far the job is, never falling; no event, since it is only a picture of the moment
UPDATE jobs SET progress = max(progress, :progress), step = :step, updated = :now WHERE id = :id

-- ask_to_cancel: a wish for the worker, which alone stops a running step
UPDATE jobs SET cancelling = 1, updated = :now WHERE id = :id

-- cancelling: whether a job is to be cancelled
SELECT cancelling FROM jobs WHERE id = :id

-- due_retries: failures that are tried again by themselves; a time further away than the longest delay was noted by a
-- clock that has been set back since
SELECT * FROM jobs WHERE state = 'failed' AND (retry_at <= :now OR retry_at > :now + :longest) ORDER BY number

-- parked_for_credit: jobs that a new key or more credit may set free
SELECT * FROM jobs WHERE state = 'needs_credit' ORDER BY number

-- counts: how many jobs stand where
SELECT state, count(*) AS count FROM jobs GROUP BY state
