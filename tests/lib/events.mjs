// events.mjs - reads a stream of server-sent events as it comes: strict, so that a line of another kind is a test that fails.

// Yields {event, id, data} with data parsed; comments as {comment}.
export async function* events(response) {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const bytes of response.body) {
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      if (block.startsWith(": ")) { yield { comment: block.slice(2) }; continue; }
      const fields = {};
      for (const line of block.split("\n")) {
        const found = /^(event|id|data): (.*)$/.exec(line);
        if (!found || found[1] in fields) throw new Error(`not a line of an event: ${line}`);
        fields[found[1]] = found[2];
      }
      yield { ...fields, data: JSON.parse(fields.data) };
    }
  }
  if (rest !== "") throw new Error(`the stream ended inside of an event: ${rest}`);
}

// Opens /v1/tail and hands out its events one after the other; resolves when the daemon has said that it is there.
export async function openTail(url, query = "", headers = {}) {
  const controller = new AbortController();
  const response = await fetch(`${url}/v1/tail${query}`, { headers, signal: controller.signal });
  if (response.status !== 200) return { response };
  const iterator = events(response);
  const first = await iterator.next();
  return {
    response,
    first: first.value,
    async next() {
      for (;;) {
        const { value, done } = await iterator.next();
        if (done || !value.comment) return value;
      }
    },
    close() { controller.abort(); },
  };
}
