"""The Cypher of the one adapter that speaks it; every statement names the tenant.

A `Collection` says which versions are projected whole, a `Version` what it calls each entity, a
`Chunk` what it names, and `SAYS` what a chunk says of two entities.
"""

# An entity's id is made of its collection's, so one of another tenant has another id; that a
# statement names the tenant as well holds whatever ids it is asked for.
SCHEMA = (
    "CREATE CONSTRAINT collection_id IF NOT EXISTS FOR (c:Collection) REQUIRE c.id IS UNIQUE",
    "CREATE CONSTRAINT version_id IF NOT EXISTS FOR (v:Version) REQUIRE v.id IS UNIQUE",
    "CREATE CONSTRAINT chunk_id IF NOT EXISTS FOR (c:Chunk) REQUIRE c.id IS UNIQUE",
    "CREATE CONSTRAINT entity_id IF NOT EXISTS FOR (e:Entity) REQUIRE e.id IS UNIQUE",
    "CREATE INDEX version_own IF NOT EXISTS FOR (v:Version) ON (v.tenant, v.collection)",
    "CREATE INDEX entity_key IF NOT EXISTS FOR (e:Entity) ON (e.tenant, e.collection, e.key)",
    "CREATE INDEX chunk_version IF NOT EXISTS FOR (c:Chunk) ON (c.version)",
    "CREATE INDEX said_chunk IF NOT EXISTS FOR ()-[r:SAYS]-() ON (r.chunk)",
    "CREATE INDEX said_version IF NOT EXISTS FOR ()-[r:SAYS]-() ON (r.version)",
)
_OWN = "{tenant: $tenant, collection: $collection}"
_OWN_ID = "{id: id, tenant: $tenant, collection: $collection}"
_OWN_VERSION = "{version: id, tenant: $tenant, collection: $collection}"
_ENTITY = """
RETURN e.id AS id, e.kind AS kind, e.key AS key,
       COLLECT { MATCH (:Version)-[n:NAMES]->(e) RETURN DISTINCT n.name } AS names,
       COUNT { (e)<-[:MENTIONS]-(:Chunk) } AS chunks
"""
# Counted by nodes: what they are called is then read once a link, not once a chunk that says it.
_WEIGHED = """
WITH startNode(r) AS a, r.kind AS kind, endNode(r) AS b, count(r) AS weight
RETURN a.id AS subject, kind, b.id AS object, weight
ORDER BY weight DESC, subject, kind, object LIMIT $limit
"""

ENTITIES = f"UNWIND $wanted AS id MATCH (e:Entity {_OWN_ID}) {_ENTITY} ORDER BY id"
FIND = (
    f"UNWIND $starts AS start MATCH (e:Entity {_OWN}) WHERE e.key STARTS WITH start"
    f" WITH DISTINCT e {_ENTITY}, e.key IN $starts AS whole"
    " ORDER BY whole DESC, chunks DESC, id LIMIT $limit"
)
LINKS = (
    f"UNWIND $ends AS id MATCH (e:Entity {_OWN_ID})-[r:SAYS]-(:Entity) WITH DISTINCT r {_WEIGHED}"
)
# That a key is there is what lets the index be used.
ALL_LINKS = f"""
MATCH (e:Entity {_OWN}) WHERE e.key IS NOT NULL MATCH (e)-[r:SAYS]->(:Entity) {_WEIGHED}
"""
LINKS_SAID = f"""
UNWIND $chunks AS id MATCH (:Entity {_OWN})-[r:SAYS {{chunk: id}}]->(:Entity)
WITH DISTINCT r {_WEIGHED}
"""
NAMED = (
    f"UNWIND $chunks AS id MATCH (c:Chunk {_OWN_ID})-[:MENTIONS]->(e:Entity)"
    " RETURN DISTINCT c.id AS chunk, e.id AS entity ORDER BY chunk, entity"
)
NAMING = (
    f"UNWIND $wanted AS id MATCH (e:Entity {_OWN_ID})<-[:MENTIONS]-(c:Chunk)"
    " RETURN DISTINCT c.id AS chunk, e.id AS entity ORDER BY entity, chunk LIMIT $limit"
)

# -- what is projected ----------------------------------------------------------------------------

# Of all tenants: the one question that names none, and it tells of no document's content.
HELD = """
MATCH (c:Collection) RETURN c.tenant AS tenant, c.id AS collection, c.versions AS versions,
       c.digest AS digest, c.distrusted AS distrusted, c.changes AS changes
"""
_COLLECTION = "(c:Collection {id: $collection, tenant: $tenant})"
HELD_OF = f"""
MATCH {_COLLECTION} RETURN c.versions AS versions, c.digest AS digest,
       c.distrusted AS distrusted, c.changes AS changes
"""
VERSIONS = f"MATCH (v:Version {_OWN}) RETURN v.id AS version"

# Writing to its node holds a collection until the transaction ends: one projector at a time. From
# here to `SETTLE` it stands for nothing.
HOLD = f"""
MERGE {_COLLECTION} ON CREATE SET c.changes = 0, c.distrusted = false
SET c.versions = null, c.digest = null, c.changes = c.changes + 1
"""
SETTLE = f"MATCH {_COLLECTION} SET c.versions = $count, c.digest = $digest"
DISTRUST = f"MATCH {_COLLECTION} SET c.distrusted = true"
DROP = f"MATCH {_COLLECTION} DELETE c"

KNOWN = f"UNWIND $versions AS id MATCH (v:Version {_OWN_ID}) RETURN v.id AS version"
ADD = (
    f"UNWIND $versions AS id CREATE (:Version {_OWN_ID})",
    f"""
UNWIND $entities AS row
MERGE (e:Entity {{id: row.entity}}) ON CREATE SET e += {_OWN}, e.kind = row.kind, e.key = row.key
""",
    """
UNWIND $entities AS row
MATCH (v:Version {id: row.version, tenant: $tenant}), (e:Entity {id: row.entity, tenant: $tenant})
CREATE (v)-[:NAMES {name: row.name}]->(e)
""",
    """
UNWIND $chunks AS row
CREATE (:Chunk {id: row.id, version: row.version, tenant: $tenant, collection: $collection})
""",
    """
UNWIND $mentions AS row
MATCH (c:Chunk {id: row.chunk, tenant: $tenant}), (e:Entity {id: row.entity, tenant: $tenant})
CREATE (c)-[:MENTIONS {start: row.start, end: row.end}]->(e)
""",
    """
UNWIND $relations AS row
MATCH (a:Entity {id: row.subject, tenant: $tenant}), (b:Entity {id: row.object, tenant: $tenant})
CREATE (a)-[:SAYS {kind: row.kind, chunk: row.chunk, version: row.version, tenant: $tenant,
                   collection: $collection, start: row.start, end: row.end}]->(b)
""",
)
# Entities go that nothing names any more.
REMOVE = (
    f"""
UNWIND $versions AS id MATCH (:Entity)-[r:SAYS {_OWN_VERSION}]->(:Entity) DELETE r
""",
    f"UNWIND $versions AS id MATCH (c:Chunk {_OWN_VERSION}) DETACH DELETE c",
    f"""
UNWIND $versions AS id MATCH (v:Version {_OWN_ID})
OPTIONAL MATCH (v)-[:NAMES]->(e:Entity)
WITH collect(DISTINCT v) AS gone, collect(DISTINCT e) AS named
FOREACH (v IN gone | DETACH DELETE v)
WITH named UNWIND named AS e
WITH e WHERE NOT EXISTS {{ (:Version)-[:NAMES]->(e) }}
DETACH DELETE e
""",
)
# All that is of a collection, some at a time, whatever state it is in.
CLEAR = tuple(
    f"MATCH (n:{label} {_OWN}) WITH n LIMIT $most DETACH DELETE n RETURN count(*) AS gone"
    for label in ("Entity", "Chunk", "Version")
)
