// The worker that is measured. Each request carries its own UNIQUE, so that no side can answer from code it has seen.
const unique = "UNIQUE";

class Greeting {
  constructor(name) {
    this.name = name;
  }
  toString() {
    return `hello ${this.name}`;
  }
}

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    return new Response(`${new Greeting(unique)} ${url.hostname}`, { headers: { "x-unique": unique } });
  },
};
