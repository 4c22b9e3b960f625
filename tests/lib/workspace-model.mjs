// workspace-model.mjs - what a workspace should do, as plainly as it can be said: a tree of maps, changed in place, copied whole. Tests run
// the same operations on it and on the daemon, and compare what both answer and hold.
import { createHash } from "node:crypto";

class FsError extends Error {
  constructor(code) { super(code); this.code = code; }
}
const fail = (code) => { throw new FsError(code); };

const dir = () => ({ type: "directory", entries: new Map() });
const file = (data) => ({ type: "file", data });
const link = (target) => ({ type: "symlink", target });
const copy = (node) => node.type === "directory" ? { type: "directory", entries: new Map([...node.entries].map(([name, child]) => [name, copy(child)])) } : { ...node };
const sizeOf = (node) => node.type === "directory" ? [...node.entries.values()].reduce((sum, child) => sum + sizeOf(child), 0) : node.type === "file" ? node.data.length : Buffer.byteLength(node.target);
const countOf = (node) => node.type === "directory" ? [...node.entries.values()].reduce((sum, child) => sum + countOf(child), 1) : 1;
const sha = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);

export class Model {
  constructor(quota = { bytes: Infinity, inodes: Infinity }) { this.root = dir(); this.quota = quota; this.snapshots = new Map(); }

  clone() {
    const other = new Model(this.quota);
    other.root = copy(this.root);
    other.snapshots = new Map(this.snapshots);
    return other;
  }

  // {parents: directories from the root on, name, node or undefined}; the root has no name.
  find(path, { follow = false, make = false } = {}) {
    if (path === "") fail("ENOENT");
    let pending = path, links = 0;
    const parents = [this.root], names = [];
    for (;;) {
      const [, name, slashes, rest] = /^\/*([^/]*)(\/*)(.*)$/s.exec(pending);
      if (name === "") {
        const node = parents.pop();
        return parents.length === 0 ? { parents: [], names: [], node, isRoot: true } : { parents, names, name: names[names.length - 1], node };
      }
      pending = slashes + rest;
      const isLast = rest === "", slash = slashes !== "";
      if (name === ".") continue;
      if (name === "..") { if (names.length > 0) { names.pop(); parents.pop(); } continue; }
      const parent = parents[parents.length - 1];
      const node = parent.entries.get(name);
      if (!node) {
        if (isLast) return { parents, names: [...names, name], name };
        if (!make) fail("ENOENT");
        const made = dir();
        this.#put({ parents, name }, made);
        parents.push(made); names.push(name);
      } else if (node.type === "symlink" && (!isLast || slash || follow)) {
        if (++links > 40) fail("ELOOP");
        pending = node.target + pending;
        if (node.target.startsWith("/")) { names.length = 0; parents.length = 1; }
      } else if (node.type === "directory") {
        parents.push(node); names.push(name);
      } else {
        if (!isLast || slash) fail("ENOTDIR");
        return { parents, names: [...names, name], name, node };
      }
    }
  }

  #charge(bytes, inodes) {
    if (inodes > 0 && countOf(this.root) + inodes > this.quota.inodes) fail("ENOSPC");
    if (bytes > 0 && sizeOf(this.root) + bytes > this.quota.bytes) fail("ENOSPC");
  }

  #put(place, node, isFree = false) {
    const entries = place.parents[place.parents.length - 1].entries;
    const old = entries.get(place.name);
    if (!isFree) this.#charge(sizeOf(node) - (old ? sizeOf(old) : 0), countOf(node) - (old ? countOf(old) : 0));
    entries.set(place.name, node);
  }

  #file(op, { make } = {}) {
    const place = this.find(op.path, { follow: true, make });
    if (place.node?.type === "directory" || (!place.node && op.path.endsWith("/"))) fail("EISDIR");
    return place;
  }

  #both(op) {
    let from = this.find(op.from);
    if (!from.node) fail("ENOENT");
    if (from.isRoot) fail("EBUSY");
    const to = this.find(op.to, { make: op.parents });
    from = this.find(op.from);
    const isDir = from.node.type === "directory";
    const [a, b] = [from.names.join("/"), to.names.join("/")];
    if (a === b) { if (op.exclusive) fail("EEXIST"); return null; }
    if (isDir && b.startsWith(a + "/")) fail("EINVAL");
    if (!to.node) { if (op.to.endsWith("/") && !isDir) fail("ENOTDIR"); return [from, to]; }
    if (op.exclusive) fail("EEXIST");
    if (to.isRoot) fail("EBUSY");
    if (to.node.type === "directory") { if (!isDir) fail("EISDIR"); if (to.node.entries.size > 0) fail("ENOTEMPTY"); } else if (isDir) fail("ENOTDIR");
    return [from, to];
  }

  #change(place, data) {
    if (place.node) { this.#charge(data.length - place.node.data.length, 0); place.node.data = data; return; }
    this.#put(place, file(Buffer.alloc(0)));
    this.#charge(data.length, 0);
    this.#put(place, file(data));
  }

  #run(op) {
    const bytes = op.base64 === undefined ? Buffer.from(op.text ?? "") : Buffer.from(op.base64, "base64");
    switch (op.op) {
      case "mkdir": {
        const place = this.find(op.path, { make: op.parents });
        if (!place.node) { this.#put(place, dir()); return; }
        if (op.parents) {
          if (place.node.type === "directory") return;
          if (place.node.type === "symlink") { try { if (this.find(op.path, { follow: true }).node?.type === "directory") return; } catch { /* it leads nowhere */ } }
        }
        return fail("EEXIST");
      }
      case "rm": {
        let place;
        try { place = this.find(op.path); } catch (error) { if (error.code === "ENOENT" && op.force) return; throw error; }
        if (place.isRoot) fail("EBUSY");
        if (!place.node) { if (op.force) return; fail("ENOENT"); }
        if (place.node.type === "directory" && place.node.entries.size > 0 && !op.recursive) fail("ENOTEMPTY");
        place.parents[place.parents.length - 1].entries.delete(place.name);
        return;
      }
      case "mv": {
        const both = this.#both(op);
        if (!both) return;
        const [from, to] = both;
        this.#put(to, from.node, true);
        from.parents[from.parents.length - 1].entries.delete(from.name);
        return;
      }
      case "cp": {
        const both = this.#both(op);
        if (!both) fail("EINVAL");
        const [from, to] = both;
        if (from.node.type === "directory" && !op.recursive) fail("EISDIR");
        this.#put(to, copy(from.node));
        return;
      }
      case "symlink": {
        const place = this.find(op.path, { make: op.parents });
        if (place.node) fail("EEXIST");
        if (op.target === "" || op.path.endsWith("/")) fail("ENOENT");
        this.#put(place, link(op.target));
        return;
      }
      case "write": {
        const place = this.#file(op, { make: op.parents });
        if (place.node && op.exclusive) fail("EEXIST");
        this.#put(place, file(bytes));
        return;
      }
      case "append": {
        const place = this.#file(op, { make: op.parents });
        this.#change(place, Buffer.concat([place.node?.data ?? Buffer.alloc(0), bytes]));
        return;
      }
      case "truncate": {
        const place = this.#file(op);
        if (!place.node) fail("ENOENT");
        this.#change(place, Buffer.concat([place.node.data.subarray(0, op.size), Buffer.alloc(Math.max(0, op.size - place.node.data.length))]));
        return;
      }
      case "edit": {
        const place = this.#file(op);
        if (!place.node) fail("ENOENT");
        let text = place.node.data.toString("latin1");
        for (const { search, all, offset, length, replace } of op.edits) {
          const by = Buffer.from(replace).toString("latin1");
          if (search === undefined) {
            if (offset + length > text.length) fail("workspace.edit");
            text = text.slice(0, offset) + by + text.slice(offset + length);
          } else {
            const parts = text.split(search);
            if (parts.length < 2 || (parts.length > 2 && !all)) fail("workspace.edit");
            text = parts.join(by);
          }
        }
        this.#put(place, file(Buffer.from(text, "latin1")));
        return;
      }
      default: throw new Error(op.op);
    }
  }

  // A batch: null, or the code and the index of what failed, and nothing was changed.
  apply(ops) {
    const before = copy(this.root);
    for (const [index, op] of ops.entries()) {
      try { this.#run(op); } catch (error) {
        if (!(error instanceof FsError)) throw error;
        this.root = before;
        return { code: error.code, index };
      }
    }
    return null;
  }

  snapshot(name) { this.snapshots.set(name, copy(this.root)); }
  restore(name) { this.root = copy(this.snapshots.get(name)); }

  // {path: what is there}, as observe() has it.
  dump() {
    const found = {};
    const walk = (node, path) => {
      for (const [name, child] of node.entries) {
        const at = `${path}/${name}`;
        found[at] = child.type === "directory" ? "directory" : child.type === "symlink" ? `-> ${child.target}` : `${child.data.length} ${sha(child.data)}`;
        if (child.type === "directory") walk(child, at);
      }
    };
    walk(this.root, "");
    return Object.fromEntries(Object.entries(found).sort());
  }
  usage() { return { bytes: sizeOf(this.root), inodes: countOf(this.root) }; }
}

// What the daemon has, read file by file.
export async function observe(workspace) {
  const found = {};
  for (const entry of await workspace.all("/list?recursive=true&limit=1000", "entries")) {
    if (entry.type === "file") {
      const bytes = await workspace.read(entry.path);
      found[entry.path] = bytes.length === entry.size ? `${bytes.length} ${sha(bytes)}` : `${bytes.length} bytes of ${entry.size}`;
    } else found[entry.path] = entry.type === "directory" ? "directory" : `-> ${entry.target}`;
  }
  return Object.fromEntries(Object.entries(found).sort());
}

// mulberry32: the same numbers for the same seed, everywhere.
export function randomOf(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { next, below: (n) => Math.floor(next() * n), pick: (list) => list[Math.floor(next() * list.length)], chance: (p) => next() < p };
}

// One operation on few names, so that they meet.
export function randomOp(random) {
  const name = () => random.pick(["a", "b", "c", "d"]);
  const path = () => (random.chance(0.9) ? "/" : "") + Array.from({ length: 1 + random.below(3) }, () => random.chance(0.06) ? random.pick(["..", "."]) : name()).join("/") + (random.chance(0.03) ? "/" : "");
  const some = (field, p) => random.chance(p) ? { [field]: true } : {};
  const content = () => random.chance(0.1) ? { base64: Buffer.alloc(random.below(5000), random.below(256)).toString("base64") } : { text: random.pick(["", "x", "xy", "xyx", "a longer text"]) };
  const kind = random.pick(["mkdir", "mkdir", "write", "write", "write", "rm", "mv", "mv", "cp", "cp", "symlink", "append", "truncate", "edit"]);
  switch (kind) {
    case "mkdir": return { op: kind, path: path(), ...some("parents", 0.5) };
    case "write": return { op: kind, path: path(), ...content(), ...some("parents", 0.5), ...some("exclusive", 0.1) };
    case "append": return { op: kind, path: path(), ...content(), ...some("parents", 0.2) };
    case "truncate": return { op: kind, path: path(), size: random.below(20) };
    case "rm": return { op: kind, path: path(), ...some("recursive", 0.5), ...some("force", 0.2) };
    case "mv": return { op: kind, from: path(), to: path(), ...some("parents", 0.2), ...some("exclusive", 0.1) };
    case "cp": return { op: kind, from: path(), to: path(), ...some("recursive", 0.8), ...some("parents", 0.2), ...some("exclusive", 0.1) };
    case "symlink": return { op: kind, path: path(), target: random.pick([path(), name(), `../${name()}`, `/${name()}`, "/"]), ...some("parents", 0.2) };
    default: return { op: kind, path: path(), edits: [random.chance(0.5) ? { search: "x", replace: random.pick(["", "xx", "z"]), ...some("all", 0.5) } : { offset: random.below(4), length: random.below(3), replace: "é" }] };
  }
}
