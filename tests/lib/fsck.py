# fsck.py <mayfly.db>: looks at a database that no daemon has open, past all of our own code, and prints what is wrong with it.
import hashlib
import sqlite3
import sys

CHECKS = {
    "integrity": "PRAGMA integrity_check",
    "foreign keys": "PRAGMA foreign_key_check",
    "inodes that stand nowhere and are no garbage": """SELECT id FROM inodes i WHERE NOT EXISTS (SELECT 1 FROM entries WHERE inode = i.id)
        AND NOT EXISTS (SELECT 1 FROM workspaces WHERE root = i.id) AND NOT EXISTS (SELECT 1 FROM workspace_snapshots WHERE root = i.id)
        AND NOT EXISTS (SELECT 1 FROM workspace_drafts WHERE root = i.id) AND NOT EXISTS (SELECT 1 FROM workspace_uploads WHERE file = i.id)
        AND NOT EXISTS (SELECT 1 FROM inode_garbage WHERE inode = i.id)""",
    "garbage that stands somewhere": """SELECT inode FROM inode_garbage g WHERE EXISTS (SELECT 1 FROM entries WHERE inode = g.inode)
        OR EXISTS (SELECT 1 FROM workspaces WHERE root = g.inode) OR EXISTS (SELECT 1 FROM workspace_snapshots WHERE root = g.inode)""",
    "chunks of no file": "SELECT id FROM chunks c WHERE NOT EXISTS (SELECT 1 FROM file_chunks WHERE chunk = c.id)",
    "chunks without bytes": "SELECT id FROM chunks c WHERE NOT EXISTS (SELECT 1 FROM chunk_bytes WHERE chunk = c.id)",
    "directories with other sums than their entries'": """SELECT id FROM inodes i WHERE kind = 2 AND NOT EXISTS (SELECT 1 FROM inode_garbage WHERE inode = i.id)
        AND (inodes, size) <> (SELECT 1 + coalesce(sum(c.inodes), 0), coalesce(sum(c.size), 0) FROM entries e JOIN inodes c ON c.id = e.inode WHERE e.parent = i.id)""",
    "workspaces with another number of changes": "SELECT id FROM workspaces w WHERE changes <> (SELECT count(*) FROM workspace_changes WHERE workspace = w.id AND draft = 0)",
}

db = sqlite3.connect(sys.argv[1])
wrong = 0
for name, sql in CHECKS.items():
    rows = [row for row in db.execute(sql).fetchmany(10) if row != ("ok",)]
    if rows:
        wrong += 1
        print(f"{name}: {rows}")
for hash_bytes, content in db.execute("SELECT hash, bytes FROM chunks c JOIN chunk_bytes b ON b.chunk = c.id"):
    if hashlib.sha256(content).digest() != hash_bytes:
        wrong += 1
        print("a chunk whose bytes are not those of its hash")
if len(sys.argv) > 2:
    print(" ".join(f"{table}={db.execute(f'SELECT count(*) FROM {table}').fetchone()[0]}" for table in sys.argv[2:]))
sys.exit(1 if wrong else 0)
