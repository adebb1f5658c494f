-- keep_secret: made once, by whichever process comes first
INSERT OR IGNORE INTO secret (only_one, value) VALUES (1, :value)

-- secret: what links are signed with
SELECT value FROM secret

-- insert_key: a new key, known by its hash only
INSERT INTO keys (name, hash, created) VALUES (:name, :hash, :now)

-- key_by_hash: who sends this
SELECT number, name, state, balance FROM keys WHERE hash = :hash

-- key_by_name: the key of this name that is not revoked
SELECT number, name, state, balance FROM keys WHERE name = :name AND state <> 'revoked'

-- set_key_state: what a key may do from now on
UPDATE keys SET state = :state WHERE number = :number

-- key_usage: every key with what it has used
SELECT keys.number, keys.name, keys.state, keys.created, keys.balance,
       (SELECT count(*) FROM tasks WHERE tasks.key = keys.number) AS tasks,
       (SELECT count(*) FROM tasks WHERE tasks.key = keys.number AND tasks.state IN ('waiting', 'working')) AS under_way,
       (SELECT -coalesce(sum(ledger.minutes), 0) FROM tasks JOIN ledger ON ledger.task = tasks.id
        WHERE tasks.key = keys.number AND tasks.state IN ('waiting', 'working')) AS reserved,
       (SELECT coalesce(sum(minutes), 0) FROM ledger WHERE ledger.key = keys.number AND kind = 'credit') AS credited
FROM keys ORDER BY keys.number

-- balance: what a key may still spend
SELECT balance FROM keys WHERE number = :key

-- standing: what a key may still spend, and what its running tasks hold; one statement, so that they belong together
SELECT balance AS available,
       (SELECT -coalesce(sum(ledger.minutes), 0) FROM tasks JOIN ledger ON ledger.task = tasks.id
        WHERE tasks.key = keys.number AND tasks.state IN ('waiting', 'working')) AS reserved
FROM keys WHERE number = :key

-- book: one movement of minutes
INSERT INTO ledger (key, task, kind, minutes, at) VALUES (:key, :task, :kind, :minutes, :now)

-- held: what a task has reserved
SELECT -coalesce(sum(minutes), 0) AS minutes FROM ledger WHERE task = :task AND kind IN ('reserve', 'extend')

-- insert_task: an accepted order
INSERT INTO tasks (id, key, model, inputurl, idempotency, created)
VALUES (:id, :key, :model, :inputurl, :idempotency, :now)

-- task_of_idempotency: what an earlier order with the same Idempotency-Key made
SELECT * FROM tasks WHERE key = :key AND idempotency = :idempotency

-- task: one task
SELECT * FROM tasks WHERE id = :id

-- under_way: how many tasks of a key have not ended
SELECT count(*) AS count FROM tasks WHERE key = :key AND state IN ('waiting', 'working')

-- claim: the oldest waiting task of the key that has the fewest tasks being worked on, and has waited longest for a turn
UPDATE tasks SET state = 'working', attempt = attempt + 1
WHERE number = (
    SELECT min(tasks.number) FROM tasks WHERE tasks.state = 'waiting' AND tasks.key = (
        SELECT keys.number FROM keys
        WHERE EXISTS (SELECT 1 FROM tasks WHERE tasks.key = keys.number AND tasks.state = 'waiting')
        ORDER BY (SELECT count(*) FROM tasks WHERE tasks.key = keys.number AND tasks.state = 'working'),
                 keys.turn,
                 (SELECT min(tasks.number) FROM tasks WHERE tasks.key = keys.number AND tasks.state = 'waiting')
        LIMIT 1
    )
) RETURNING *

-- had_turn: a task of this key was begun
UPDATE keys SET turn = (SELECT max(turn) + 1 FROM keys) WHERE number = :key

-- working: what was being worked on
SELECT * FROM tasks WHERE state = 'working' ORDER BY number

-- put_back: to be worked on again; a stop in good order is no attempt
UPDATE tasks SET state = 'waiting', attempt = attempt - :undone WHERE id = :id AND state = 'working'

-- set_duration: known once the input is decoded
UPDATE tasks SET duration = :duration WHERE id = :id AND state = 'working'

-- end_task: success or failure, once
UPDATE tasks SET state = :state, ended = :now, stems = :stems, error = :error
WHERE id = :id AND state IN ('waiting', 'working')

-- ended_before: whose files have been kept long enough
SELECT * FROM tasks WHERE state IN ('success', 'failed') AND ended < :before ORDER BY ended LIMIT 100

-- expire_task: its files are gone
UPDATE tasks SET state = 'expired', stems = '' WHERE id = :id AND state IN ('success', 'failed')

-- inputs_to_come: what unended tasks will read
SELECT inputurl FROM tasks WHERE state IN ('waiting', 'working')

-- insert_upload: room for a file to come
INSERT INTO uploads (name, key, size, created) VALUES (:name, :key, :size, :now)

-- uploaded: how many bytes the uploads of a key may take together
SELECT coalesce(sum(size), 0) AS bytes FROM uploads WHERE key = :key

-- upload: whose it is
SELECT name, key, created FROM uploads WHERE name = :name

-- uploads_before: those that have been kept long enough
SELECT name FROM uploads WHERE created < :before ORDER BY created

-- forget_upload: the file is gone
DELETE FROM uploads WHERE name = :name

-- queue: how many tasks stand where
SELECT state, count(*) AS count FROM tasks GROUP BY state
