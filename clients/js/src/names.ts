/** Names as @cloudflare/codemode has them: which a namespace may have, and how a tool's name becomes one that a program can write. */

/** Refused there, because its generated module uses them; the sentences below are its own to the letter, callers match on them. */
const RESERVED = new Set([
  "__dispatchers", "__connectors", "__logs", "__CODEMODE_BINARY_TAG", "__bytesToBase64", "__base64ToBytes", "__encodeCodemodeValue",
  "__decodeCodemodeValue", "__stringifyForCodemode", "__parseForCodemode", "WorkerEntrypoint", "CodeExecutor", "Promise", "setTimeout",
  "Error", "console",
]);

/** Keywords, past and future, and literals: `x.delete` is fine in a program, `function delete` is not. */
const KEYWORDS = new Set(
  `abstract arguments await boolean break byte case catch char class const continue debugger default delete do double else enum eval export
  extends false final finally float for function goto if implements import in instanceof int interface let long native new null package
  private protected public return short static super switch synchronized this throw throws transient true try typeof undefined var void
  volatile while with yield`.split(/\s+/),
);

export function sanitizeToolName(name: string): string {
  const kept = name.replace(/[-.\s]/g, "_").replace(/[^a-zA-Z0-9_$]/g, "");
  if (kept === "") return "_";
  if (/^[0-9]/.test(kept)) return `_${kept}`;
  return KEYWORDS.has(kept) ? `${kept}_` : kept;
}

/** What is wrong with these names, or undefined. */
export function namesError(providers: readonly string[], connectors: readonly string[] = []): string | undefined {
  const seen = new Set<string>();
  for (const [kind, names] of [["Provider", providers], ["Connector", connectors]] as const) {
    for (const name of names) {
      if (RESERVED.has(name)) return `${kind} name "${name}" is reserved`;
      if (!/^[a-zA-Z_$][a-zA-Z0-9_$]*$/.test(name)) return `${kind} name "${name}" is not a valid JavaScript identifier`;
      if (seen.has(name)) return kind === "Provider" ? `Duplicate provider name "${name}"` : `Duplicate name "${name}" (connector clashes with provider)`;
      seen.add(name);
    }
  }
  return undefined;
}
