// A worker that runs one of |cases|, name to function, for each request: GET / lists the names, GET /?<name> runs one. A case that
// throws ends the run as any exception of a worker's does.
export const worker = (cases) => ({
  async fetch(request) {
    const name = decodeURIComponent(new URL(request.url).search.slice(1));
    if (name === "") return Response.json(Object.keys(cases));
    if (!Object.hasOwn(cases, name)) return new Response(`no case "${name}"`, { status: 404 });
    await cases[name](request);
    return new Response(`passed: ${name}`);
  },
});
