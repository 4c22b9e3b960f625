/** Schemas of tools, whichever library they are of: Standard Schema (Zod, Valibot, ArkType, …), the AI SDK's, or JSON Schema. */

type Result = { value?: unknown; issues?: readonly { message: string; path?: readonly unknown[] | undefined }[] | undefined };

interface Standard {
  "~standard": {
    validate?: (value: unknown) => Result | Promise<Result>;
    jsonSchema?: { input(options: { target: string }): unknown; output(options: { target: string }): unknown };
  };
}

/** The AI SDK's jsonSchema(). */
interface AiSchema {
  jsonSchema: unknown;
  validate?: (value: unknown) => unknown;
}

const isObject = (value: unknown): value is Record<string, unknown> => (typeof value === "object" && value !== null) || typeof value === "function";
const isStandard = (schema: unknown): schema is Standard => isObject(schema) && isObject(schema["~standard"]);
const isAi = (schema: unknown): schema is AiSchema => isObject(schema) && "jsonSchema" in schema;
/** The AI SDK lets a schema be made late. */
const made = (schema: unknown): unknown => (typeof schema === "function" && !isStandard(schema) ? (schema as () => unknown)() : schema);

/** JSON Schema for declarations; undefined (any) when the library has none of it. */
export async function jsonSchemaOf(schema: unknown, side: "input" | "output"): Promise<unknown> {
  const known = made(schema);
  try {
    if (isStandard(known)) return known["~standard"].jsonSchema?.[side]({ target: "draft-07" });
    return isAi(known) ? await known.jsonSchema : known;
  } catch {
    return undefined; /* a transformation, say: it has no JSON Schema */
  }
}

const place = (path: readonly unknown[] | undefined) =>
  (path ?? []).map((part) => String(isObject(part) ? part.key : part)).join(".");

/** |value| as the schema makes it; throws what a program can read. */
export async function validated(schema: unknown, value: unknown): Promise<unknown> {
  const known = made(schema);
  if (isStandard(known) && known["~standard"].validate !== undefined) {
    const result = await known["~standard"].validate(value);
    if (result.issues === undefined) return result.value;
    const text = result.issues.map(({ message, path }) => (path?.length ? `${place(path)}: ${message}` : message)).join("; ");
    throw new TypeError(`Invalid input: ${text}`);
  }
  if (isAi(known) && typeof known.validate === "function") {
    const result = (await known.validate(value)) as { success: boolean; value?: unknown; error?: unknown };
    if (!result.success) throw result.error;
    return result.value;
  }
  return value;
}
