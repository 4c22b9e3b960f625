// config.mjs <docs/config.md>: the man page mayfly.json(5), in mdoc, to standard output. docs/config.md is held against the table of the C
// code by tests/unit/config_docs.c, so the page has what the program has.
import { readFileSync } from "node:fs";

// A line of text as roff sees it: nothing of it is a request, and code is set off.
const escape = (text) => text.replaceAll("\\", "\\e").replaceAll("-", "\\-");
const line = (text) => escape(text).replace(/^([.'])/, "\\&$1");
const prose = (text) => line(text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("**", "").replaceAll("`", "").replaceAll("&lt;", "<").replaceAll("\\|", "|"));
const argument = (text) => `"${escape(text.replaceAll('"', '""'))}"`;
const sentences = (text) => prose(text).replace(/([.:!?]) +(?=[A-Z])/g, "$1\n").split("\n").map((one) => one.replace(/^([.'])/, "\\&$1"));

const lines = readFileSync(process.argv[2], "utf8").split("\n");
const out = [".\\\" Made from docs/config.md.", ".Dd November 27, 2026", ".Dt MAYFLY.JSON 5", ".Os", ".Sh NAME", ".Nm mayfly.json", ".Nd the config of mayflyd", ".Sh DESCRIPTION"];
let paragraph = [];
let isList = false;
let isCode = false;
const flush = () => { if (paragraph.length > 0) out.push(...sentences(paragraph.join(" "))); paragraph = []; };
const end = () => { flush(); if (isList) out.push(".El"); isList = false; };
for (const text of lines.slice(1)) {
  const field = /^\| `([^`]+)` \| (.*?) \| (.*?) \|(.*?)\| (.*) \|$/.exec(text);
  if (text.startsWith("```")) {
    flush();
    isCode = !isCode;
    out.push(isCode ? ".Bd -literal -offset indent" : ".Ed");
  } else if (isCode) {
    out.push(line(text));
  } else if (text.startsWith("## ")) {
    end();
    out.push(`.Sh ${text.slice(3).toUpperCase()}`);
  } else if (field) {
    const [, name, unit, standard, range, meaning] = field.map((one) => one?.trim());
    flush();
    if (!isList) out.push(".Bl -tag -width Ds");
    isList = true;
    out.push(`.It Va ${argument(name)}`, ...sentences(meaning), line(`(${[unit, range, `default: ${standard.replaceAll("`", "")}`].filter(Boolean).join("; ")})`));
  } else if (text === "") {
    const had = paragraph.length > 0;
    flush();
    if (had && !isList) out.push(".Pp");
  } else if (!text.startsWith("|")) {
    paragraph.push(text);
  }
}
end();
out.push(".Sh SEE ALSO", ".Xr mayfly 1 ,", ".Xr mayflyd 8");
// A paragraph before a section, a list or another paragraph says nothing.
process.stdout.write(out.filter((one, i) => !(one === ".Pp" && /^\.(Sh|Bl|Bd|Pp)/.test(out[i + 1] ?? ".Sh"))).join("\n") + "\n");
