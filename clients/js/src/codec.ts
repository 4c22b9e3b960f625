/**
 * The values that cross the wire: JSON, and tags for what JSON lacks (docs/executions.md). A tag is an object with a marker and its
 * value and nothing else; an object of the user's that has a marker among its keys is wrapped, so that data is never read as a tag.
 */

const MARK = "__mayfly_v1__";
const BINARY = "__codemode_binary_v1__"; /* @cloudflare/codemode's */
/** Nesting of the JSON, tags included: less than an engine's stack takes. */
const DEPTH_MAX = 1600;
/** Nesting of what is sent. */
const SENT_DEPTH_MAX = 250;
/** String.fromCharCode takes its bytes as arguments, of which an engine takes so many. */
const BASE64_CHUNK_BYTES = 32766;

/** A value that cannot cross, or JSON that is no encoded value. */
export class CodecError extends Error {
  override readonly name = "CodecError";
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/* ---- out -------------------------------------------------------------------------------------- */

const OMIT = Symbol("omit");
type Encoded = Json | typeof OMIT;

const isMarked = (value: object) => Object.hasOwn(value, MARK) || Object.hasOwn(value, BINARY);
const tag = (kind: string, value?: Json): Json => (value === undefined ? { [MARK]: kind } : { [MARK]: kind, value });

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += BASE64_CHUNK_BYTES) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + BASE64_CHUNK_BYTES)));
  }
  return text;
}

/** Only what a view shows. */
function bytesOf(value: object): Json | undefined {
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return { [BINARY]: value instanceof Uint8Array ? "Uint8Array" : "ArrayBufferView", data: base64(bytes) };
  }
  return value instanceof ArrayBuffer ? { [BINARY]: "ArrayBuffer", data: base64(new Uint8Array(value)) } : undefined;
}

class Encoder {
  readonly #open = new Set<object>();
  readonly #path: (string | number)[] = [];
  #depth = 0;

  /** |text| says what it is. */
  #refuse(text: string): never {
    const where = this.#path.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
    throw new CodecError(`${text} cannot be sent${where === "" ? "" : `: at value${where}`}`);
  }

  #inside(key: string | number, value: unknown): Encoded {
    this.#path.push(key);
    const encoded = this.encode(value, key);
    this.#path.pop();
    return encoded;
  }

  #list(values: Iterable<unknown>): Json[] {
    let at = 0;
    return Array.from(values, (value) => {
      const encoded = this.#inside(at++, value);
      return encoded === OMIT ? null : encoded;
    });
  }

  #fields(value: object): Record<string, Json> {
    const fields = Object.create(null) as Record<string, Json>;
    for (const key of Object.keys(value)) {
      const member = (value as Record<string, unknown>)[key];
      const encoded = member === undefined ? OMIT : this.#inside(key, member);
      if (encoded !== OMIT) fields[key] = encoded;
    }
    return fields;
  }

  /** |asked|: its toJSON was. */
  #object(value: object, key: string | number, asked: boolean): Encoded {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : tag("Date", value.toISOString());
    if (value instanceof Map) return tag("Map", this.#list(Array.from(value)));
    if (value instanceof Set) return tag("Set", this.#list(value));
    if (value instanceof RegExp) return tag("RegExp", String(value));
    /* Its stack stays here: it names our files to the program. */
    if (value instanceof Error) return tag("Error", { name: String(value.name), message: String(value.message) });
    if (value instanceof Number || value instanceof String || value instanceof Boolean || value instanceof BigInt) return this.encode(value.valueOf(), key);
    const { toJSON, then, getReader } = value as Record<string, unknown>;
    if (typeof toJSON === "function" && !asked) {
      const json: unknown = toJSON.call(value, String(key));
      if (json !== value) return this.encode(json, key, true);
    }
    if (typeof then === "function") this.#refuse("A promise");
    if (typeof getReader === "function") this.#refuse("A stream");
    if (Array.isArray(value)) return this.#list(value);
    const fields = this.#fields(value);
    return isMarked(fields) ? tag("object", fields) : fields;
  }

  encode(value: unknown, key: string | number = "", asked = false): Encoded {
    switch (typeof value) {
      case "undefined": return tag("undefined");
      case "bigint": return tag("bigint", String(value));
      case "number": return Number.isFinite(value) && !Object.is(value, -0) ? value : tag("number", Object.is(value, -0) ? "-0" : String(value));
      case "string": case "boolean": return value;
      case "function": case "symbol": return this.#path.length === 0 ? this.#refuse(`A ${typeof value}`) : OMIT;
    }
    if (value === null) return null;
    const object = value as object;
    const bytes = bytesOf(object);
    if (bytes !== undefined) return bytes;
    if (this.#open.has(object)) this.#refuse("A value that contains itself");
    const levels = object instanceof Map || object instanceof Set || isMarked(object) ? 2 : 1;
    if (this.#depth + levels > SENT_DEPTH_MAX) this.#refuse("A value nested this deeply");
    this.#open.add(object);
    this.#depth += levels;
    const encoded = this.#object(object, key, asked);
    this.#depth -= levels;
    this.#open.delete(object);
    return encoded;
  }
}

/** The JSON text of |value|; throws CodecError for what cannot cross: cycles, promises, streams, a function on its own. */
export function encode(value: unknown): string {
  return JSON.stringify(new Encoder().encode(value));
}

/* ---- in --------------------------------------------------------------------------------------- */

function fromBase64(text: unknown): Uint8Array {
  let binary: string;
  try {
    if (typeof text !== "string") throw new TypeError();
    binary = atob(text);
  } catch {
    throw new CodecError("bytes that are not base64");
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

const ERRORS: Record<string, ErrorConstructor> = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const NUMBERS: Record<string, number> = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity, "-0": -0 };
const own = <T>(table: Record<string, T>, key: unknown): T | undefined => (typeof key === "string" && Object.hasOwn(table, key) ? table[key] : undefined);

const isObject = (json: unknown): json is Record<string, unknown> => typeof json === "object" && json !== null && !Array.isArray(json);

function fields(json: unknown, depth: number): Record<string, unknown> {
  if (!isObject(json)) throw new CodecError("a tag without its object");
  const value: Record<string, unknown> = {};
  for (const key of Object.keys(json)) {
    /* As JSON.parse does it: "__proto__" is a key like any other. */
    Object.defineProperty(value, key, { value: read(json[key], depth), writable: true, enumerable: true, configurable: true });
  }
  return value;
}

function list(json: unknown, depth: number): unknown[] {
  if (!Array.isArray(json)) throw new CodecError("a tag without its list");
  return json.map((item) => read(item, depth));
}

function pairs(json: unknown, depth: number): [unknown, unknown][] {
  return list(json, depth).map((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw new CodecError("a Map of something else than pairs");
    return pair as [unknown, unknown];
  });
}

function text(json: unknown): string {
  if (typeof json !== "string") throw new CodecError("a tag without its text");
  return json;
}

function error(json: unknown, depth: number): Error {
  const { name, message } = fields(json, depth);
  const made = new (own(ERRORS, name) ?? Error)(text(message));
  if (made.name !== name && typeof name === "string") Object.defineProperty(made, "name", { value: name, writable: true, configurable: true });
  return made;
}

function regExp(json: unknown): RegExp {
  const whole = text(json);
  const slash = whole.lastIndexOf("/");
  if (slash < 1 || whole[0] !== "/") throw new CodecError("a RegExp that is none");
  return new RegExp(whole.slice(1, slash), whole.slice(slash + 1));
}

function tagged(json: Record<string, unknown>, depth: number): unknown {
  const { value } = json;
  try {
    switch (json[MARK]) {
      case "undefined": return undefined;
      case "bigint": if (/^-?\d+$/.test(text(value))) return BigInt(value as string); break;
      case "Date": return new Date(text(value));
      case "Map": return new Map(pairs(value, depth));
      case "Set": return new Set(list(value, depth));
      case "RegExp": return regExp(value);
      case "Error": return error(value, depth);
      case "object": return fields(value, depth);
      case "number": { const number = own(NUMBERS, value); if (number !== undefined) return number; break; }
    }
  } catch (cause) {
    if (cause instanceof CodecError) throw cause;
  }
  throw new CodecError(`an unknown tag: ${JSON.stringify(json).slice(0, 100)}`);
}

function binary(json: Record<string, unknown>): unknown {
  const bytes = fromBase64(json.data);
  switch (json[BINARY]) {
    case "ArrayBuffer": return bytes.buffer;
    case "Uint8Array": case "ArrayBufferView": return bytes;
    default: throw new CodecError("bytes of an unknown kind");
  }
}

function read(json: unknown, outer: number): unknown {
  const depth = outer + 1;
  if (typeof json !== "object" || json === null) return json;
  if (depth > DEPTH_MAX) throw new CodecError("nested too deeply");
  if (Array.isArray(json)) return list(json, depth);
  const keys = Object.keys(json);
  const only = (marker: string, value: string) => keys.every((key) => key === marker || key === value);
  if (Object.hasOwn(json, MARK) && only(MARK, "value")) return tagged(json as Record<string, unknown>, depth);
  if (Object.hasOwn(json, BINARY) && only(BINARY, "data")) return binary(json as Record<string, unknown>);
  return fields(json, depth);
}

/** The value of JSON that was parsed; throws CodecError for a tag that is none. */
export function decode(json: unknown): unknown {
  try {
    return read(json, 0);
  } catch (error) {
    if (error instanceof RangeError) throw new CodecError("nested too deeply"); /* little of the stack was left */
    throw error;
  }
}
