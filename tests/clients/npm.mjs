// npm.mjs - the packages of third_party/npm-clients for tests that stand elsewhere, and the built client. What @cloudflare/codemode
// imports from Cloudflare's runtime comes from the client too (clients/js/src/register.ts).
import { register } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

export const npm = process.env.MF_CLIENT_NPM ?? path.resolve("build/deps/npm-clients/node_modules");
// Where the build put clients/js.
export const dist = process.env.MF_CLIENT_JS ?? path.resolve("build/release/clients/js");

const parent = pathToFileURL(path.join(path.dirname(npm), "tests.mjs")).href;
register(`data:text/javascript,${encodeURIComponent(`
  const isBare = (specifier) => /^[@a-z]/.test(specifier) && !specifier.includes(":");
  export const resolve = (specifier, context, next) => next(specifier, isBare(specifier) && !context.parentURL?.includes("/node_modules/") ? { ...context, parentURL: ${JSON.stringify(parent)} } : context);
`)}`);

export const load = (name) => import(name);
export const loadClient = (name) => import(pathToFileURL(path.join(dist, name)).href);
