"""The Cypher of the one adapter that speaks it; every statement names the tenant.

A `Collection` says which versions are projected whole, a `Version` what it calls each entity, a
`Chunk` what it names, `SAYS` what a chunk says of two entities, and `JOINED` how many chunks say
it. Ids are 32 hexadecimal digits, which a record of Neo4j holds in itself (with hyphens they are
read of another file), and the `ordinal` of an entity or a chunk is the first half of its id, which
is as random as the second, as an integer with a sign: questions sort thousands of links by it.
"""

# Of what is written here; what has another is thrown away and made anew.
LAYOUT = 2

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
    "CREATE CONSTRAINT projection_id IF NOT EXISTS FOR (p:Projection) REQUIRE p.id IS UNIQUE",
    "DROP INDEX said_version IF EXISTS",
)
_OWN = "{tenant: $tenant, collection: $collection}"
_OWN_ID = "{id: id, tenant: $tenant, collection: $collection}"
# Nothing but chunks mention: without their label it is a number that the entity's node keeps.
_ENTITY = """
WITH e.id AS id, e.kind AS kind, e.key AS key, e.names AS names,
     COUNT { (e)<-[:MENTIONS]-() } AS chunks
"""
# What is read comes as one list, in its order: the driver takes tens of microseconds a record.
_ENTITIES_READ = "RETURN collect([id, kind, key, names, chunks]) AS rows"
_PLACES_READ = "RETURN collect([c.id, e.id]) AS rows"
# Sorted by ordinals, which are read and compared sooner than ids; these are read of what is given.
_STRONGEST = """
ORDER BY weight DESC, a.ordinal, kind, b.ordinal LIMIT $limit
RETURN collect([a.id, kind, b.id, weight]) AS rows
"""
_JOINED = "WITH startNode(r) AS a, r.kind AS kind, endNode(r) AS b, r.weight AS weight"
_COUNTED = "WITH startNode(r) AS a, r.kind AS kind, endNode(r) AS b, count(r) AS weight"

ENTITIES = f"UNWIND $wanted AS id MATCH (e:Entity {_OWN_ID}) {_ENTITY} ORDER BY id {_ENTITIES_READ}"
FIND = (
    f"UNWIND $starts AS start MATCH (e:Entity {_OWN}) WHERE e.key STARTS WITH start"
    f" WITH DISTINCT e {_ENTITY}, e.key IN $starts AS whole"
    f" ORDER BY whole DESC, chunks DESC, id LIMIT $limit {_ENTITIES_READ}"
)
LINKS = f"""
UNWIND $ends AS id MATCH (e:Entity {_OWN_ID})-[r:JOINED]-()
WITH DISTINCT r {_JOINED} {_STRONGEST}
"""
# That a key is there is what lets the index be used.
ALL_LINKS = f"""
MATCH (e:Entity {_OWN}) WHERE e.key IS NOT NULL
MATCH (e)-[r:JOINED]->() {_JOINED} {_STRONGEST}
"""
LINKS_SAID = f"""
UNWIND $chunks AS id MATCH (:Entity {_OWN})-[r:SAYS {{chunk: id}}]->(:Entity)
WITH DISTINCT r {_COUNTED} {_STRONGEST}
"""
# A chunk mentions an entity once.
NAMED = f"""
UNWIND $chunks AS id MATCH (c:Chunk {_OWN_ID})-[:MENTIONS]->(e:Entity)
WITH c, e ORDER BY c.ordinal, e.ordinal {_PLACES_READ}
"""
NAMING = f"""
UNWIND $wanted AS id MATCH (e:Entity {_OWN_ID})<-[:MENTIONS]-(c:Chunk)
WITH c, e ORDER BY e.ordinal, c.ordinal LIMIT $limit {_PLACES_READ}
"""

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
# Each statement with the one list that it takes: rows cost as much to send as to write.
ADD = (
    ("versions", f"UNWIND $versions AS id CREATE (:Version {_OWN_ID})"),
    (
        "entities",
        f"""
UNWIND $entities AS row
MERGE (e:Entity {{id: row.entity}})
    ON CREATE SET e += {_OWN}, e.ordinal = row.ordinal, e.kind = row.kind, e.key = row.key,
                  e.names = row.names
WITH e, [name IN row.names WHERE NOT name IN e.names] AS more WHERE more <> []
SET e.names = e.names + more
""",
    ),
    (
        "names",
        """
UNWIND $names AS row
MATCH (v:Version {id: row.version, tenant: $tenant}), (e:Entity {id: row.entity, tenant: $tenant})
CREATE (v)-[:NAMES {name: row.name}]->(e)
""",
    ),
    (
        "chunks",
        """
UNWIND $chunks AS row
CREATE (:Chunk {id: row.id, ordinal: row.ordinal, version: row.version, tenant: $tenant,
                collection: $collection})
""",
    ),
    (
        "mentions",
        """
UNWIND $mentions AS row
MATCH (c:Chunk {id: row.chunk, tenant: $tenant}), (e:Entity {id: row.entity, tenant: $tenant})
CREATE (c)-[:MENTIONS]->(e)
""",
    ),
    (
        "relations",
        """
UNWIND $relations AS row
MATCH (a:Entity {id: row.subject, tenant: $tenant}), (b:Entity {id: row.object, tenant: $tenant})
CREATE (a)-[:SAYS {kind: row.kind, chunk: row.chunk}]->(b)
""",
    ),
    (
        "links",
        """
UNWIND $links AS row
MATCH (a:Entity {id: row.subject, tenant: $tenant}), (b:Entity {id: row.object, tenant: $tenant})
MERGE (a)-[j:JOINED {kind: row.kind}]->(b) ON CREATE SET j.weight = 0
SET j.weight = j.weight + row.chunks
""",
    ),
)
# Entities go that nothing names any more; the others are called what is left.
_CHUNKS_GONE = """
UNWIND $versions AS id MATCH (c:Chunk {version: id})
WHERE c.tenant = $tenant AND c.collection = $collection
"""
_SAID_THERE = f"{_CHUNKS_GONE} MATCH (a:Entity)-[r:SAYS {{chunk: c.id}}]->(b:Entity)"
REMOVE = (
    f"""
{_SAID_THERE} WITH a, r.kind AS kind, b, count(r) AS chunks
MATCH (a)-[j:JOINED {{kind: kind}}]->(b) SET j.weight = j.weight - chunks
WITH j WHERE j.weight <= 0 DELETE j
""",
    f"{_SAID_THERE} DELETE r",
    f"{_CHUNKS_GONE} DETACH DELETE c",
    f"""
UNWIND $versions AS id MATCH (v:Version {_OWN_ID})
OPTIONAL MATCH (v)-[:NAMES]->(e:Entity)
WITH collect(DISTINCT v) AS gone, collect(DISTINCT e) AS named
FOREACH (v IN gone | DETACH DELETE v)
WITH named UNWIND named AS e
WITH e, COLLECT {{ MATCH (:Version)-[n:NAMES]->(e) RETURN DISTINCT n.name }} AS names
FOREACH (one IN CASE names WHEN [] THEN [e] ELSE [] END | DETACH DELETE one)
FOREACH (one IN CASE names WHEN [] THEN [] ELSE [e] END | SET one.names = names)
""",
)
# Whoever throws away what another layout left holds the one node that says which it is: the next
# finds that it is done, and takes nothing from what was made anew.
LAID_OUT = """
MERGE (p:Projection {id: 1}) SET p.looks = coalesce(p.looks, 0) + 1
RETURN p.layout = $layout AS so
"""
THROW_AWAY = (
    "MATCH ()-[r]->() WITH r LIMIT $most DELETE r RETURN count(*) AS gone",
    "MATCH (n) WHERE NOT n:Projection WITH n LIMIT $most DELETE n RETURN count(*) AS gone",
)
LAY_OUT = "MATCH (p:Projection {id: 1}) SET p.layout = $layout"
# All that is of a collection, some at a time, whatever state it is in. What joins goes first: a
# node that much is joined to would take all of it along in one transaction, which memory bounds.
CLEAR = (
    f"""
MATCH (e:Entity {_OWN}) WHERE e.key IS NOT NULL
MATCH (e)-[r]-() WITH r LIMIT $most DELETE r RETURN count(*) AS gone
""",
    *(
        f"MATCH (n:{label} {_OWN}) WITH n LIMIT $most DETACH DELETE n RETURN count(*) AS gone"
        for label in ("Entity", "Chunk", "Version")
    ),
)
