import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";
import { worker } from "./cases.js";

// The client with a fetch of ours in place of the network's.
function client(answer) {
  const seen = [];
  const fetch = async (url, init) => { const request = new Request(url, init); seen.push(request.clone()); return answer(request, seen.length); };
  return { openai: new OpenAI({ apiKey: "key", baseURL: "https://llm.test/v1", fetch, maxRetries: 1 }), seen };
}
const chunk = (delta) => `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`;

export default worker({
  "a chat": async () => {
    const { openai, seen } = client(() => Response.json({ choices: [{ message: { role: "assistant", content: "Hi" } }] }, { headers: { "x-request-id": "r1" } }));
    const completion = await openai.chat.completions.create({ model: "m", messages: [{ role: "user", content: "Hello" }] });
    assert.deepEqual([completion.choices[0].message.content, completion._request_id], ["Hi", "r1"]);
    assert.deepEqual([seen[0].url, seen[0].headers.get("authorization"), (await seen[0].json()).model], ["https://llm.test/v1/chat/completions", "Bearer key", "m"]);
  },
  "a stream of tokens, wherever its chunks end": async () => {
    const bytes = new TextEncoder().encode(`${chunk({ content: "caf\u00e9 " })}${chunk({ content: "\u20ac" })}data: [DONE]\n\n`);
    const { openai } = client(() => new Response(new ReadableStream({ start(controller) { for (let i = 0; i < bytes.length; i += 3) controller.enqueue(bytes.slice(i, i + 3)); controller.close(); } }), { headers: { "content-type": "text/event-stream" } }));
    let text = "";
    for await (const event of await openai.chat.completions.create({ model: "m", messages: [], stream: true })) text += event.choices[0].delta.content;
    assert.equal(text, "caf\u00e9 \u20ac");
  },
  "errors have classes, and what may pass is tried again": async () => {
    const { openai, seen } = client((request, count) => count === 1 ? new Response("busy", { status: 503, headers: { "retry-after-ms": "1" } }) : Response.json({ data: [{ id: "m" }] }));
    const models = [];
    for await (const model of openai.models.list()) models.push(model.id);
    assert.deepEqual([models, seen.length, seen[1].headers.get("x-stainless-retry-count")], [["m"], 2, "1"]);
    const refused = client(() => Response.json({ error: { message: "no", code: "bad" } }, { status: 401 }));
    await assert.rejects(refused.openai.models.retrieve("x"), (error) => error instanceof OpenAI.AuthenticationError && error.status === 401 && error.code === "bad");
  },
  "files are uploaded as forms": async () => {
    const { openai, seen } = client(() => Response.json({ id: "f" }));
    await openai.files.create({ file: await toFile(new TextEncoder().encode("a,b\n"), "data.csv"), purpose: "assistants" });
    const form = await seen.at(-1).formData(); // before it, the client asks whether this fetch knows forms
    assert.deepEqual([form.get("purpose"), form.get("file").name, await form.get("file").text()], ["assistants", "data.csv", "a,b\n"]);
  },
  "a request is given up": async () => {
    const { openai } = client((request) => new Promise((resolve, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason))));
    await assert.rejects(openai.models.list({ timeout: 5, maxRetries: 0 }), OpenAI.APIConnectionTimeoutError);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 1);
    await assert.rejects(openai.models.list({ signal: controller.signal }), OpenAI.APIUserAbortError);
  },
});
