"""The Cypher of the one adapter that speaks it; every statement names the tenant."""

# An entity's id is made of its collection's, so one of another tenant has another id; that a
# statement names the tenant as well holds whatever ids it is asked for.
SCHEMA = (
    "CREATE CONSTRAINT version_id IF NOT EXISTS FOR (v:Version) REQUIRE v.id IS UNIQUE",
    "CREATE CONSTRAINT chunk_id IF NOT EXISTS FOR (c:Chunk) REQUIRE c.id IS UNIQUE",
    "CREATE CONSTRAINT entity_id IF NOT EXISTS FOR (e:Entity) REQUIRE e.id IS UNIQUE",
    "CREATE INDEX entity_key IF NOT EXISTS FOR (e:Entity) ON (e.collection, e.key)",
    "CREATE INDEX chunk_version IF NOT EXISTS FOR (c:Chunk) ON (c.version)",
    "CREATE INDEX said_chunk IF NOT EXISTS FOR ()-[r:SAYS]-() ON (r.chunk)",
    "CREATE INDEX said_version IF NOT EXISTS FOR ()-[r:SAYS]-() ON (r.version)",
)
_OWN = "{tenant: $tenant, collection: $collection}"
_OWN_ID = "{id: id, tenant: $tenant, collection: $collection}"
_ENTITY = """
RETURN e.id AS id, e.kind AS kind, e.key AS key,
       COLLECT { MATCH (:Version)-[n:NAMES]->(e) RETURN DISTINCT n.name } AS names,
       COUNT { (e)<-[:MENTIONS]-(:Chunk) } AS chunks
"""
_WEIGHED = """
RETURN startNode(r).id AS subject, r.kind AS kind, endNode(r).id AS object, count(r) AS weight
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
ALL_LINKS = f"MATCH (:Entity {_OWN})-[r:SAYS]->(:Entity) {_WEIGHED}"
# By the index of what is said: a label would have every entity looked at.
LINKS_SAID = (
    "MATCH (a)-[r:SAYS]->() WHERE r.chunk IN $chunks"
    f" AND a.tenant = $tenant AND a.collection = $collection {_WEIGHED}"
)
NAMED = (
    f"UNWIND $chunks AS id MATCH (c:Chunk {_OWN_ID})-[:MENTIONS]->(e:Entity)"
    " RETURN DISTINCT c.id AS chunk, e.id AS entity ORDER BY chunk, entity"
)
NAMING = (
    f"UNWIND $wanted AS id MATCH (e:Entity {_OWN_ID})<-[:MENTIONS]-(c:Chunk)"
    " RETURN DISTINCT c.id AS chunk, e.id AS entity ORDER BY entity, chunk LIMIT $limit"
)

# -- what is projected ----------------------------------------------------------------------------

VERSIONS = "MATCH (v:Version) RETURN v.tenant AS tenant, v.id AS version"
ADD = (
    f"MERGE (v:Version {{id: $version}}) SET v += {_OWN}",
    f"""
UNWIND $entities AS row MATCH (v:Version {{id: $version}})
MERGE (e:Entity {{id: row.entity}}) ON CREATE SET e += {_OWN}, e.kind = row.kind, e.key = row.key
CREATE (v)-[:NAMES {{name: row.name}}]->(e)
""",
    f"""
UNWIND $mentions AS row MATCH (e:Entity {{id: row.entity}})
MERGE (c:Chunk {{id: row.chunk}}) ON CREATE SET c += {_OWN}, c.version = $version
CREATE (c)-[:MENTIONS {{start: row.start, end: row.end}}]->(e)
""",
    """
UNWIND $relations AS row
MATCH (a:Entity {id: row.subject}), (b:Entity {id: row.object})
CREATE (a)-[:SAYS {kind: row.kind, chunk: row.chunk, version: $version,
                   start: row.start, end: row.end}]->(b)
""",
)
# Entities go that nothing names any more.
REMOVE = (
    "MATCH (a)-[r:SAYS]->() WHERE r.version = $version AND a.tenant = $tenant DELETE r",
    "MATCH (c:Chunk {version: $version, tenant: $tenant}) DETACH DELETE c",
    """
MATCH (v:Version {id: $version, tenant: $tenant})
OPTIONAL MATCH (v)-[:NAMES]->(e:Entity)
WITH v, collect(e) AS named
DETACH DELETE v
WITH named UNWIND named AS e
WITH e WHERE NOT EXISTS { (:Version)-[:NAMES]->(e) }
DETACH DELETE e
""",
)
