/**
 * `import "mayfly-client/register"` (or `node --import mayfly-client/register`) before `@cloudflare/codemode` and
 * `@cloudflare/codemode/ai`: they import `cloudflare:workers`, which only Cloudflare has. On Node it becomes a module with the
 * base classes and nothing behind them, enough for everything that takes an executor. Not for Workers, where the real one is.
 */

const stub = `
export class RpcTarget {}
export class WorkerEntrypoint { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }
export class DurableObject { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }
export class WorkflowEntrypoint { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }
export const env = {};
`;

const hooks = `
const stub = ${JSON.stringify(`data:text/javascript,${encodeURIComponent(stub)}`)};
export async function resolve(specifier, context, next) {
  return specifier === "cloudflare:workers" ? { url: stub, format: "module", shortCircuit: true } : next(specifier, context);
}
`;

// A name in a variable: bundlers for the web must not look for it.
const builtin = "node:module";
const { register } = (await import(builtin)) as { register?: (url: string) => void };
if (register === undefined) {
  throw new Error("mayfly-client/register needs module.register: Node.js 18.19, 20.6 or later");
}
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
export {};
