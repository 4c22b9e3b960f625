// incoming.mjs - a request as bytes, read leniently: tests send methods and header values that Node's own parser refuses.
// Text is one character a byte (latin1).

const HEAD_BYTES_MAX = 1 << 20;
const BODY_BYTES_MAX = 64 << 20;

// Pieces of what comes over |socket|.
class Reader {
  #chunks;
  #have = Buffer.alloc(0);

  constructor(socket) { this.#chunks = socket[Symbol.asyncIterator](); }

  async #more() {
    const { value, done } = await this.#chunks.next();
    if (done) return false;
    this.#have = Buffer.concat([this.#have, value]);
    return true;
  }

  // What comes before |mark|, which is passed over; null when the connection ends first.
  async until(mark, bytesMax) {
    let at;
    while ((at = this.#have.indexOf(mark)) < 0) {
      if (this.#have.length > bytesMax || !(await this.#more())) return null;
    }
    const found = this.#have.subarray(0, at);
    this.#have = this.#have.subarray(at + mark.length);
    return found;
  }

  async bytes(size) {
    if (!(size <= BODY_BYTES_MAX)) return null;
    while (this.#have.length < size) {
      if (!(await this.#more())) return null;
    }
    const found = this.#have.subarray(0, size);
    this.#have = this.#have.subarray(size);
    return found;
  }
}

async function readChunked(reader) {
  const chunks = [];
  for (let total = 0; total <= BODY_BYTES_MAX;) {
    const line = await reader.until("\r\n", 1024);
    const size = line === null ? NaN : Number.parseInt(line.toString("latin1"), 16);
    const chunk = await reader.bytes(size + 2);
    if (chunk === null) return null;
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, size));
    total += size;
  }
  return null;
}

function unescaped(text) {
  const bytes = Buffer.from(text.replaceAll("+", " "), "utf8").toString("latin1");
  return bytes.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

// name -> [values]
function parseQuery(text) {
  const found = new Map();
  for (const part of text.split("&").filter((part) => part !== "")) {
    const at = part.indexOf("=");
    const name = unescaped(at < 0 ? part : part.slice(0, at));
    found.set(name, [...(found.get(name) ?? []), unescaped(at < 0 ? "" : part.slice(at + 1))]);
  }
  return found;
}

export class Incoming {
  #stash;

  constructor(head, stash) {
    const [line, ...fields] = head.split("\r\n");
    const [method, target] = line.split(" ");
    const [before, query = ""] = target.split(/\?(.*)/s);
    this.method = method;
    this.path = unescaped(before);
    this.target = target;
    this.folder = this.path.replace(/[^/]*$/, "");
    this.query = parseQuery(query);
    this.headerList = fields.map((field) => [field.slice(0, field.indexOf(":")), field.slice(field.indexOf(":") + 1).replace(/^[ \t]+|[ \t]+$/g, "")]);
    this.body = Buffer.alloc(0);
    this.#stash = stash;
  }

  // Resolves with the request on |socket|; null when none comes to its end.
  static async read(socket, stash) {
    const reader = new Reader(socket);
    const head = await reader.until("\r\n\r\n", HEAD_BYTES_MAX);
    if (head === null || !/^\S+ \/\S* HTTP\/1\.[01]\r\n/.test(head.toString("latin1"))) return null;
    const request = new Incoming(head.toString("latin1"), stash);
    request.reader = reader; // what follows: a WebSocket's frames
    request.body = /chunked/i.test(request.header("transfer-encoding", "")) ? await readChunked(reader) : await reader.bytes(Number(request.header("content-length", "0")));
    return request.body === null ? null : request;
  }

  get url() { return `http://${this.header("host")}${this.target}`; }

  has(name) { return this.query.has(name); }
  first(name, otherwise) { return this.query.get(name)?.[0] ?? otherwise; }

  header(name, otherwise) {
    const values = this.headerList.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
    return values.length > 0 ? values.join(", ") : otherwise;
  }

  // The stash: each value is there for one taker.
  put(key, value, where = this.path) { this.#stash.set(`${where} ${key}`, value); }
  take(key, where = this.path) {
    const value = this.#stash.get(`${where} ${key}`) ?? null;
    this.#stash.delete(`${where} ${key}`);
    return value;
  }
}
