// {"case": 27, "outcome": "ok", "body": "4000", "limits": {"cpuMs": 20000}}
// As deep as modules may nest: each imports the next.
export const modules = () => {
  const all = { "main.js": { js: 'import { n } from "./m1.js"; export default { fetch() { return new Response(String(n)); } };' } };
  for (let i = 1; i < 4000; i++) all[`m${i}.js`] = { js: `import { n as next } from "./m${i + 1}.js"; export const n = next + 1;` };
  all["m4000.js"] = { js: "export const n = 1;" };
  return all;
};
