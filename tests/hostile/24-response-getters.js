// {"case": 24, "outcome": "ok", "body": "true"}
// Own properties on a real Response change nothing: its state is not in them.
export default {
  fetch() {
    const response = new Response("true", { headers: { a: "b" } });
    for (const name of ["status", "headers", "body", "bodyUsed", "ok", "then2"]) Object.defineProperty(response, name, { get() { throw new Error("re-entered " + name); } });
    return response;
  },
};
