// executor-websocket.test.mjs - executor.suite.mjs over a WebSocket, and one that is cut.
import { test } from "node:test";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { survives } from "./cut.mjs";
import { suite } from "./executor.suite.mjs";
import { load, loadClient } from "./npm.mjs";

const options = async () => {
  const { WebSocket } = await load("undici");
  return { transport: "websocket", webSocket: (url) => new WebSocket(url) };
};
suite(options);

test("a socket that is cut again and again", async () => {
  const daemon = await Daemon.start();
  const { Mayfly } = await loadClient("index.js");
  await survives(Mayfly, daemon.url, await options(), assert);
  await daemon.stop();
});
