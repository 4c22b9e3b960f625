// {"case": 18, "outcome": "ok", "body": "done"}
export default {
  fetch() {
    const angry = new Proxy({}, new Proxy({}, { get() { throw new Error("trap"); } }));
    console.log(angry, { get a() { throw 1; } }, { [Symbol.toStringTag]: angry }, new (class { get [Symbol.toStringTag]() { throw 2; } })());
    console.log(Object.create(null), new Error("x", { cause: angry }), [angry], new Map([[angry, angry]]), { toJSON() { throw 3; } });
    console.log("%s %d %o %O %j %c", angry, angry, angry, angry, angry, angry);
    const e = new Error("m"); Object.defineProperty(e, "stack", { get() { throw 4; } }); console.error(e);
    return new Response("done");
  },
};
