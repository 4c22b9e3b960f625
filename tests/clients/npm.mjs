// npm.mjs - the packages of third_party/npm-clients for tests and examples that stand elsewhere, and the built client as the package
// that it would be. What @cloudflare/codemode imports from Cloudflare's runtime comes from the client too (clients/js/src/register.ts).
import { register } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

export const npm = process.env.MF_CLIENT_NPM ?? path.resolve("build/deps/npm-clients/node_modules");
// Where the build put clients/js.
export const dist = process.env.MF_CLIENT_JS ?? path.resolve("build/release/clients/js");

const parent = pathToFileURL(path.join(path.dirname(npm), "tests.mjs")).href;
const hooks = `
const ours = /^mayfly-client(?:\\/(.*))?$/;
const isBare = (specifier) => /^[@a-z]/.test(specifier) && !specifier.includes(":");
export function resolve(specifier, context, next) {
  const found = ours.exec(specifier);
  if (found) return next(${JSON.stringify(pathToFileURL(dist).href)} + "/" + (found[1] ?? "index") + ".js", context);
  if (isBare(specifier) && !context.parentURL?.includes("/node_modules/")) context = { ...context, parentURL: ${JSON.stringify(parent)} };
  return next(specifier, context);
}
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

export const load = (name) => import(name);
export const loadClient = (name) => import(pathToFileURL(path.join(dist, name)).href);
