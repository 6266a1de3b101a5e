"""The hot statements of the ledger, in plain SQL: few round trips, one write for all changes."""

# Tenants that have ready tasks are found by skipping through the index, then each gives its best
# few; a tenant's place in the order is its share so far (tasks it has claimed) plus the task's own
# place, so tenants take turns however much one of them has queued.
CLAIMABLE = """
WITH RECURSIVE tenants AS (
    (SELECT tenant_id FROM tasks WHERE agent = $1 AND status = 'ready'
     ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT t.tenant_id FROM tasks t
            WHERE t.agent = $1 AND t.status = 'ready' AND t.tenant_id > tenants.tenant_id
            ORDER BY t.tenant_id LIMIT 1)
    FROM tenants WHERE tenants.tenant_id IS NOT NULL
), best AS (
    SELECT t.id, t.run_id, t.priority, t.available_at,
           row_number() OVER (PARTITION BY tenants.tenant_id
                              ORDER BY t.priority DESC, t.available_at, t.id)
           + (SELECT count(*) FROM tasks c WHERE c.agent = $1 AND c.status = 'claimed'
              AND c.tenant_id = tenants.tenant_id) AS share
    FROM tenants CROSS JOIN LATERAL (
        SELECT id, run_id, priority, available_at FROM tasks
        WHERE agent = $1 AND status = 'ready' AND tenant_id = tenants.tenant_id
          AND available_at <= clock_timestamp()
        ORDER BY priority DESC, available_at, id LIMIT $2
    ) t
), chosen AS MATERIALIZED (
    SELECT id, share FROM best ORDER BY share, priority DESC, available_at, id LIMIT $2
)
SELECT t.id, t.run_id, t.tenant_id, t.step, t.agent, t.status, t.priority, t.attempt,
       t.failures, t.losses, t.available_at, t.token, t.worker, t.lease_until, t.started_at,
       t.finished_at, t.error, t.usage, t.output, t.input, r.plan::text AS run_plan,
       r.input AS run_input, r.goal AS run_goal, r.status AS run_status, r.seq AS run_seq,
       r.collection_id AS run_collection_id, r.traceparent AS run_traceparent,
       r.result AS run_result, r.citations AS run_citations, r.error AS run_error,
       r.started_at AS run_started_at, r.finished_at AS run_finished_at,
       r.retry_of AS run_retry_of, r.origin AS run_origin,
       clock_timestamp() AS now, c.id AS collection, c.physical, c.model, b.physical AS target,
       b.model AS target_model,
       CASE WHEN c.id IS NOT NULL THEN array(
             SELECT v.id FROM document_versions v
             WHERE v.collection_id = c.id AND v.state <> 'indexed' AND NOT v.swept
             UNION
             SELECT l.version_id FROM leftovers l
             WHERE l.physical = c.physical AND l.version_id IS NOT NULL) END AS hidden
FROM chosen JOIN tasks t ON t.id = chosen.id JOIN runs r ON r.id = t.run_id
LEFT JOIN collections c ON c.id = r.collection_id LEFT JOIN rebuilds b ON b.collection_id = c.id
ORDER BY chosen.share, t.priority DESC, t.available_at, t.id
"""

# All tasks of the runs that some are of; what is wide in a run is read beside these alone.
STANDING = """
SELECT t.id, t.run_id, t.tenant_id, t.step, t.agent, t.status, t.priority, t.attempt,
       t.failures, t.losses, t.available_at, t.token, t.worker, t.lease_until, t.started_at,
       t.finished_at, t.error, t.usage, t.output, NULL::jsonb AS input,
       CASE WHEN t.id = ANY($1::uuid[]) THEN r.plan::text END AS run_plan,
       CASE WHEN t.id = ANY($1::uuid[]) THEN r.input END AS run_input,
       r.goal AS run_goal, r.status AS run_status, r.seq AS run_seq,
       r.collection_id AS run_collection_id, r.traceparent AS run_traceparent,
       r.result AS run_result, r.citations AS run_citations, r.error AS run_error,
       r.started_at AS run_started_at, r.finished_at AS run_finished_at,
       r.retry_of AS run_retry_of, r.origin AS run_origin,
       clock_timestamp() AS now
FROM tasks t JOIN runs r ON r.id = t.run_id
WHERE t.run_id = ANY(ARRAY(SELECT run_id FROM tasks WHERE id = ANY($1::uuid[])))
"""

LOST = """
SELECT id, run_id FROM tasks
WHERE status = 'claimed' AND lease_until < clock_timestamp() LIMIT $1
"""

LOCK_RUNS = """
SELECT id, tenant_id, plan::text AS plan, goal, input, status, seq, collection_id,
       traceparent, result, citations, error, started_at, finished_at, retry_of, origin,
       clock_timestamp() AS now
FROM runs WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"""

LOCK_RUNS_FREE = LOCK_RUNS + " SKIP LOCKED"

# A statement of its own after the runs are locked: it then sees what was committed before.
LOCK_TASKS = """
SELECT id, run_id, tenant_id, step, agent, status, priority, attempt, failures, losses,
       available_at, token, worker, lease_until, started_at, finished_at, error, usage, output,
       NULL::jsonb AS input
FROM tasks WHERE run_id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""

RUNS_OF = "SELECT id, run_id FROM tasks WHERE id = ANY($1::uuid[])"

RENEW = """
WITH beats AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS b(id, token)),
held AS (
    SELECT t.id FROM tasks t JOIN beats USING (id, token)
    WHERE t.status = 'claimed' AND ($4::text IS NULL OR t.agent = $4)
    ORDER BY t.id FOR UPDATE OF t
), renewed AS (
    UPDATE tasks t SET lease_until = clock_timestamp() + make_interval(secs => $3)
    FROM held WHERE t.id = held.id RETURNING t.id, t.token
)
SELECT b.id, b.token, r.id IS NOT NULL AS renewed, t.status
FROM beats b LEFT JOIN renewed r USING (id, token)
LEFT JOIN tasks t ON t.id = b.id AND ($4::text IS NULL OR t.agent = $4)
"""

HOLDERS = """
SELECT id, run_id, tenant_id, step, agent, attempt,
       CASE WHEN status = 'claimed' THEN token END AS token
FROM tasks WHERE id = ANY($1::uuid[])
"""

OVERDUE_AGENTS = """
WITH RECURSIVE agents AS (
    (SELECT agent FROM tasks WHERE status = 'ready' ORDER BY agent LIMIT 1)
    UNION ALL
    SELECT (SELECT t.agent FROM tasks t WHERE t.status = 'ready' AND t.agent > agents.agent
            ORDER BY t.agent LIMIT 1)
    FROM agents WHERE agents.agent IS NOT NULL
)
SELECT agent FROM agents WHERE agent IS NOT NULL AND EXISTS (
    SELECT 1 FROM tasks t WHERE t.agent = agents.agent AND t.status = 'ready'
    AND t.available_at < clock_timestamp() - make_interval(secs => $1))
"""

DISOWN = "UPDATE tasks SET lease_until = 'epoch' WHERE status = 'claimed'"

NOW = "SELECT extract(epoch FROM clock_timestamp())::float8 AS now"

# What lies further ahead than this clock can have put it was there before the clock was set back.
SET_BACK = """
UPDATE tasks SET available_at = available_at - make_interval(secs => $1),
    lease_until = lease_until - make_interval(secs => $1)
WHERE status = 'ready' AND available_at > clock_timestamp()
   OR status = 'claimed' AND lease_until > clock_timestamp() + make_interval(secs => $2)
"""

# Nobody waits for this to be on the disk: what comes back after a crash is sent twice, no more.
TAKE_DUE = """
DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT $1
    FOR UPDATE SKIP LOCKED)
RETURNING id, agent, set_config('synchronous_commit', 'off', true)
"""

# A run is written if nobody else holds it and it is as it was read, which its events tell: where a
# snapshot was locked it always is. Tasks are locked as heartbeats lock them, by ascending id.
WRITE = """
WITH changes AS (SELECT $1::text::jsonb AS doc),
unchanged AS MATERIALIZED (
    SELECT r.id FROM changes CROSS JOIN
        jsonb_to_recordset(doc -> 'runs') AS x(id uuid, read_at integer) JOIN runs r USING (id)
    WHERE r.seq = x.read_at ORDER BY r.id FOR UPDATE OF r SKIP LOCKED
), kept AS MATERIALIZED (
    SELECT id AS run FROM unchanged WHERE NOT $2::boolean OR (SELECT count(*) FROM unchanged)
        = (SELECT jsonb_array_length(doc -> 'runs') FROM changes)
), held AS MATERIALIZED (
    SELECT t.id FROM changes CROSS JOIN
        jsonb_to_recordset(doc -> 'tasks') AS x(id uuid, run uuid) JOIN kept USING (run)
        JOIN tasks t USING (id) ORDER BY t.id FOR UPDATE OF t
), changed_runs AS (
    UPDATE runs r SET status = x.status, seq = x.seq, result = x.result, citations = x.citations,
        error = x.error, started_at = x.started_at, finished_at = x.finished_at
    FROM changes CROSS JOIN jsonb_to_recordset(doc -> 'runs') AS x(id uuid, status text,
        seq integer, result jsonb, citations jsonb, error text, started_at timestamptz,
        finished_at timestamptz) JOIN kept ON kept.run = x.id
    WHERE r.id = x.id
), changed_tasks AS (
    UPDATE tasks t SET status = x.status, attempt = x.attempt, failures = x.failures,
        losses = x.losses, available_at = x.available_at, token = x.token, worker = x.worker,
        lease_until = x.lease_until, started_at = x.started_at, finished_at = x.finished_at,
        error = x.error, usage = x.usage, output = x.output
    FROM changes CROSS JOIN jsonb_to_recordset(doc -> 'tasks') AS x(id uuid, status text,
        attempt integer, failures integer, losses integer, available_at timestamptz, token uuid,
        worker text, lease_until timestamptz, started_at timestamptz, finished_at timestamptz,
        error text, usage jsonb, output jsonb) JOIN held USING (id)
    WHERE t.id = x.id
), new_tasks AS (
    INSERT INTO tasks (id, tenant_id, run_id, step, agent, status, priority, available_at,
                       input, finished_at)
    SELECT x.* FROM changes CROSS JOIN jsonb_to_recordset(doc -> 'new_tasks') AS x(id uuid,
        tenant uuid, run uuid, step text, agent text, status text, priority smallint,
        available_at timestamptz, input jsonb, finished_at timestamptz)
    WHERE x.run IN (SELECT run FROM kept)
), new_events AS (
    INSERT INTO events (run_id, tenant_id, seq, type, at, data)
    SELECT x.* FROM changes CROSS JOIN jsonb_to_recordset(doc -> 'events') AS x(run uuid,
        tenant uuid, seq integer, type text, at timestamptz, data jsonb)
    WHERE x.run IN (SELECT run FROM kept)
), new_wake_ups AS (
    INSERT INTO outbox (id, tenant_id, agent, due_at)
    SELECT x.id, x.tenant, x.agent, x.due_at FROM changes CROSS JOIN
        jsonb_to_recordset(doc -> 'wake_ups') AS x(id uuid, tenant uuid, run uuid, agent text,
        due_at timestamptz)
    WHERE x.run IN (SELECT run FROM kept)
)
SELECT run FROM kept
"""

# A conversation that was removed has no turns; one can't be removed while a run of it is held.
ANSWER = """
INSERT INTO messages (id, tenant_id, conversation_id, user_id, number, role, run_id, text, status,
                      kind, grounded, confidence, citations, error, context)
SELECT x.id, t.tenant_id, t.conversation_id, t.user_id, t.number + 1, 'assistant', t.id, x.text,
       x.status, x.kind, x.grounded, x.confidence, x.citations, x.error, x.context
FROM jsonb_to_recordset($1::text::jsonb) AS x(id uuid, run uuid, text text, status text, kind text,
    grounded boolean, confidence smallint, citations jsonb, error text, context jsonb)
JOIN turns t ON t.id = x.run
"""

# The run first: where its idempotency key is taken, or there is no collection of the name, nothing
# else is written. What is ready now is so by the database's clock, whatever the submitter's says.
SUBMIT = """
WITH place AS (
    SELECT id FROM collections WHERE $7::uuid IS NULL AND name = $8::text
    UNION ALL SELECT $7 WHERE $7 IS NOT NULL OR $8 IS NULL
), run AS (
    INSERT INTO runs (id, tenant_id, workflow, goal, input, plan, collection_id, collection_name,
                      status, seq, traceparent, idempotency_key, request_hash, retry_of, origin)
    SELECT $1, $2, $3, $4, $5::text::jsonb, $6::text::jsonb, place.id, $8, 'pending', $9, $10, $11,
           $12, $14, $15
    FROM place
    ON CONFLICT (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING id, created_at
), changes AS (SELECT $13::text::jsonb AS doc FROM run),
new_tasks AS (
    INSERT INTO tasks (id, tenant_id, run_id, step, agent, status, priority, input, output,
                       finished_at, available_at)
    SELECT x.*, clock_timestamp() FROM changes, jsonb_to_recordset(doc -> 'new_tasks')
        AS x(id uuid, tenant uuid, run uuid, step text, agent text, status text,
             priority smallint, input jsonb, output jsonb, finished_at timestamptz)
), new_events AS (
    INSERT INTO events (run_id, tenant_id, seq, type, data)
    SELECT x.* FROM changes, jsonb_to_recordset(doc -> 'events') AS x(run uuid, tenant uuid,
        seq integer, type text, data jsonb)
), new_wake_ups AS (
    INSERT INTO outbox (id, tenant_id, agent, due_at)
    SELECT x.*, clock_timestamp() FROM changes, jsonb_to_recordset(doc -> 'wake_ups')
        AS x(id uuid, tenant uuid, agent text)
)
SELECT id, created_at FROM run
"""

REPLAYED = "SELECT id, request_hash FROM runs WHERE idempotency_key = $1"
