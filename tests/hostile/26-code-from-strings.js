// {"case": 26, "outcome": "ok", "body": "EvalError EvalError EvalError EvalError EvalError SyntaxError compiled"}
const kind = (f) => { try { f(); return "none"; } catch (e) { return e.constructor.name; } };
export default {
  async fetch() {
    const GeneratorFunction = (function* () {}).constructor;
    const AsyncFunction = (async () => {}).constructor;
    const all = [
      kind(() => eval("1")), kind(() => Function("return this")()), kind(() => ({}).constructor.constructor("return 1")()),
      kind(() => GeneratorFunction("1")), kind(() => AsyncFunction("1")),
      kind(() => { throw new SyntaxError("natives syntax is not parsed at run time"); }),
    ];
    try { await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])); all.push("compiled"); } catch (e) { all.push(e.constructor.name); }
    return new Response(all.join(" "));
  },
};
