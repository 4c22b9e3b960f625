// {"case": 27, "outcome": "ok", "body": "cycle ReferenceError undefined"}
export const modules = () => ({
  "main.js": { js: 'import { b } from "./b.js"; import { early } from "./c.js"; export const a = "cycle";\nexport default { fetch() { return new Response(`${b()} ${early} ${typeof import.meta.require}`); } };' },
  "b.js": { js: 'import { a } from "./main.js"; export const b = () => a;' },
  "c.js": { js: 'import { a } from "./main.js"; export let early = "none"; try { a; } catch (e) { early = e.name; }' },
});
