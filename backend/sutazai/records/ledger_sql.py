"""The hot statements of the ledger, in plain SQL: few round trips, one write for all changes."""

# Tenants that have ready tasks are found by skipping through the index, then each gives its best
# few; a tenant's place in the order is its share so far (tasks it has claimed) plus the task's own
# place, so tenants take turns however much one of them has queued.
READY = """
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
)
SELECT id, run_id FROM best ORDER BY share, priority DESC, available_at, id LIMIT $2
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
       CASE WHEN id = ANY($2::uuid[]) THEN input END AS input
FROM tasks WHERE run_id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""

RUNS_OF = "SELECT id, run_id FROM tasks WHERE id = ANY($1::uuid[])"

GRANTS = """
SELECT c.id, c.physical, c.model, b.physical AS target, b.model AS target_model,
       array(SELECT v.id FROM document_versions v
             WHERE v.collection_id = c.id AND v.state <> 'indexed' AND NOT v.swept
             UNION
             SELECT l.version_id FROM leftovers l
             WHERE l.physical = c.physical AND l.version_id IS NOT NULL) AS hidden
FROM collections c LEFT JOIN rebuilds b ON b.collection_id = c.id
WHERE c.id = ANY($1::uuid[])
"""

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

WRITE = """
WITH changes AS (SELECT $1::text::jsonb AS doc),
changed_runs AS (
    UPDATE runs r SET status = x.status, seq = x.seq, result = x.result, citations = x.citations,
        error = x.error, started_at = x.started_at, finished_at = x.finished_at
    FROM changes, jsonb_to_recordset(doc -> 'runs') AS x(id uuid, status text, seq integer,
        result jsonb, citations jsonb, error text, started_at timestamptz, finished_at timestamptz)
    WHERE r.id = x.id
), changed_tasks AS (
    UPDATE tasks t SET status = x.status, attempt = x.attempt, failures = x.failures,
        losses = x.losses, available_at = x.available_at, token = x.token, worker = x.worker,
        lease_until = x.lease_until, started_at = x.started_at, finished_at = x.finished_at,
        error = x.error, usage = x.usage, output = x.output
    FROM changes, jsonb_to_recordset(doc -> 'tasks') AS x(id uuid, status text, attempt integer,
        failures integer, losses integer, available_at timestamptz, token uuid, worker text,
        lease_until timestamptz, started_at timestamptz, finished_at timestamptz, error text,
        usage jsonb, output jsonb)
    WHERE t.id = x.id
), new_tasks AS (
    INSERT INTO tasks (id, tenant_id, run_id, step, agent, status, priority, available_at,
                       input, finished_at)
    SELECT x.* FROM changes, jsonb_to_recordset(doc -> 'new_tasks') AS x(id uuid, tenant uuid,
        run uuid, step text, agent text, status text, priority smallint,
        available_at timestamptz, input jsonb, finished_at timestamptz)
), new_events AS (
    INSERT INTO events (run_id, tenant_id, seq, type, data)
    SELECT x.* FROM changes, jsonb_to_recordset(doc -> 'events') AS x(run uuid, tenant uuid,
        seq integer, type text, data jsonb)
)
INSERT INTO outbox (id, tenant_id, agent, due_at)
SELECT x.* FROM changes, jsonb_to_recordset(doc -> 'wake_ups') AS x(id uuid, tenant uuid,
    agent text, due_at timestamptz)
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
