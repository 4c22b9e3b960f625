// {"case": 11, "outcome": "ok", "body": "RangeError RangeError RangeError RangeError RangeError"}
const kind = (f) => { try { f(); return "none"; } catch (e) { return e.name; } };
export default {
  fetch() {
    const recurse = () => recurse() + 1;
    let proxy = {};
    for (let i = 0; i < 1e5; i++) proxy = new Proxy(proxy, {});
    let getter = { get x() { return 1; } };
    for (let i = 0; i < 1e5; i++) { const inner = getter; getter = { get x() { return inner.x; } }; }
    let nested = [];
    for (let i = 0; i < 1e5; i++) nested = [nested];
    return new Response([
      kind(recurse),
      kind(() => proxy.x),
      kind(() => getter.x),
      kind(() => JSON.stringify(nested)),
      kind(() => nested.toString()),
    ].join(" "));
  },
};
