// The documents that are tables of the source: docs/errors.md, docs/limits.md, and the system calls in docs/privsep.md.
//
//     node tests/tidy/tables.mjs            writes them
//     node tests/tidy/tables.mjs --check    exit status 1 when one is not what it would write
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const note = (source) => `<!-- Made by tests/tidy/tables.mjs from ${source}. Do not edit. -->\n`;

export const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map((row) => line(row)).join('');
}

// "a" "b" of C is one string.
const joinStrings = (text) => [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((m) => m[1].replace(/\\(.)/g, '$1')).join('');

export function readErrors(header) {
  const start = header.indexOf('#define MF_ERROR_MAP');
  const end = header.indexOf('/* clang-format on */', start);
  const body = header.slice(start, end).replace(/\\\n/g, '\n');
  const items = [];
  const pattern = /\/\* ([a-z ,]+) \*\/|XX\((\w+),\s*(-\d+),\s*(\d+),\s*"([^"]+)",((?:\s*"(?:[^"\\]|\\.)*")+)\)/g;
  for (const m of body.matchAll(pattern)) {
    if (m[1]) items.push({ section: m[1] });
    else items.push({ name: m[2], number: Number(m[3]), status: m[4], code: m[5], sentence: joinStrings(m[6]) });
  }
  const count = [...body.matchAll(/XX\(\w/g)].length;
  const read = items.filter((item) => item.name).length;
  if (read === 0 || read !== count) throw new Error(`errors.h: ${count} rows, ${read} understood`);
  return items;
}

const ROUTES_NAMED_MAX = 4;

// code -> which operations of openapi.json may answer with it, in words.
export function readPlaces(document) {
  const places = new Map();
  const add = (codes, place) => {
    for (const code of Object.values(codes).flat()) places.set(code, [...(places.get(code) ?? []), place]);
  };
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      if (operation.responses) add(operation['x-problem-codes'], `\`${method.toUpperCase()} ${path}\``);
    }
  }
  const words = new Map([...places].map(([code, all]) => [code,
    all.slice(0, ROUTES_NAMED_MAX).join(', ') + (all.length > ROUTES_NAMED_MAX ? ` and ${all.length - ROUTES_NAMED_MAX} more` : '')]));
  for (const code of Object.values(document.components.responses.Problem['x-problem-codes']).flat()) words.set(code, 'every route');
  return words;
}

export function makeErrors(header, document) {
  const places = readPlaces(document);
  let text = '# Errors\n\n' + note('include/mayfly/errors.h and src/api/openapi.json') + `
Every answer that is an error has a \`code\` (stable: programs may depend on it), an HTTP status and a sentence (for people; it may be
replaced by a more exact one). In C the code is \`MF_E_\` and the name. *Where* are the routes that may answer with it; \`x-problem-codes\` in
[openapi.json](../src/api/openapi.json) has all of them by status. What has no route comes inside of an answer (an envelope's outcome, a frame, an error in the isolate),
in the log, or from a command.
`;
  let rows = [];
  const flush = () => {
    if (rows.length > 0) text += '\n' + table(['code', 'status', 'sentence', 'where', 'name', 'number'], rows);
    rows = [];
  };
  for (const item of readErrors(header)) {
    if (item.section) {
      flush();
      text += `\n## ${item.section}\n`;
    } else {
      rows.push([`\`${item.code}\``, item.status, cell(item.sentence), places.get(item.code) ?? '', item.name, String(item.number)]);
    }
  }
  flush();
  return text;
}

export function readLimits(header) {
  const items = [];
  for (const [index, line] of header.split('\n').entries()) {
    const section = /^\/\* -- (.+) \*\/$/.exec(line);
    if (section) items.push({ section: section[1] });
    if (!line.startsWith('#define MF_')) continue;
    const define = /^#define (MF_\w+) (.+?) \/\* (.+?) \*\/$/.exec(line);
    if (!define) throw new Error(`limits.h:${index + 1}: not of the form #define NAME value /* unit: reason */: ${line}`);
    if (define[3].length < 8) throw new Error(`limits.h:${index + 1}: a limit without a reason`);
    items.push({ name: define[1], value: define[2], reason: define[3] });
  }
  if (items.length === 0) throw new Error('limits.h: nothing understood');
  return items;
}

const number = (value) => (/^\d+$/.test(value) ? value.replace(/\B(?=(\d{3})+$)/g, ',') : cell(value));

export function makeLimits(header) {
  let text = '# Limits\n\n' + note('include/mayfly/limits.h') + `
Every number in Mayfly that stops something. \`..._DEFAULT\` and \`..._MAX\` belong to a setting of the configuration or of a run; all others
are fixed when Mayfly is built.
`;
  let rows = [];
  const flush = () => {
    if (rows.length > 0) text += '\n' + table(['name', 'value', 'unit and reason'], rows);
    rows = [];
  };
  for (const item of readLimits(header)) {
    if (item.section) {
      flush();
      text += `\n## ${item.section}\n`;
    } else {
      rows.push([`\`${item.name}\``, number(item.value), cell(item.reason)]);
    }
  }
  flush();
  return text;
}

export function readSyscalls(source) {
  const body = source.replace(/\\\n/g, '\n');
  const conditions = new Map();
  const calls = [];
  const [first, second] = body.split('#define MF_JAIL_SYSCALL_MAP');
  if (second === undefined) throw new Error('syscalls.def: no MF_JAIL_SYSCALL_MAP');
  const conditionText = first.slice(first.indexOf('#define MF_JAIL_CONDITION_MAP'));
  for (const m of conditionText.matchAll(/XX\((\w+),\s*"([^"]*)"\)/g)) conditions.set(m[1], m[2]);
  for (const m of second.matchAll(/\/\* ([^*]+) \*\/|XX\((\w+),\s*(\w+),\s*(\w+),\s*"((?:[^"\\]|\\.)*)"\)/g)) {
    if (m[1]) {
      calls.push({ section: m[1] });
      continue;
    }
    const call = { action: m[2], name: m[3], condition: m[4], reason: m[5] };
    if (!conditions.has(call.condition)) throw new Error(`syscalls.def: ${call.name}: no condition ${call.condition}`);
    if (call.reason.length < 5) throw new Error(`syscalls.def: ${call.name} has no reason`);
    calls.push({ ...call, words: conditions.get(call.condition) });
  }
  const count = [...second.matchAll(/XX\(\w/g)].length;
  const read = calls.filter((call) => call.name).length;
  if (read === 0 || read !== count) throw new Error(`syscalls.def: ${count} rows, ${read} understood`);
  return calls;
}

export function makeSyscalls(source) {
  const rows = [];
  for (const call of readSyscalls(source)) {
    if (call.section) continue;
    const answer = call.action === 'ALLOW' ? 'allowed' : `fails: ${call.action}`;
    rows.push([`\`${call.name}\``, answer, cell(call.words), cell(call.reason)]);
  }
  return table(['system call', 'answer', 'only if', 'why'], rows);
}

const begin = '<!-- syscalls: made by tests/tidy/tables.mjs from src/jail/syscalls.def. Do not edit. -->\n';
const end = '<!-- /syscalls -->\n';

export function replaceSyscalls(document, made) {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error('docs/privsep.md: its marks for the system calls are missing');
  return document.slice(0, from + begin.length) + made + document.slice(to);
}

const read = (path) => readFileSync(join(root, path), 'utf8');

export function makeAll() {
  return new Map([
    ['docs/errors.md', makeErrors(read('include/mayfly/errors.h'), JSON.parse(read('src/api/openapi.json')))],
    ['docs/limits.md', makeLimits(read('include/mayfly/limits.h'))],
    ['docs/privsep.md', replaceSyscalls(read('docs/privsep.md'), makeSyscalls(read('src/jail/syscalls.def')))],
  ]);
}

function main() {
  let status = 0;
  for (const [path, text] of makeAll()) {
    let now = '';
    try {
      now = read(path);
    } catch {
      // Not there yet.
    }
    if (now === text) continue;
    if (process.argv.includes('--check')) {
      console.error(`${path} is not what its source says: run node tests/tidy/tables.mjs`);
      status = 1;
    } else {
      writeFileSync(join(root, path), text);
      console.log(`wrote ${path}`);
    }
  }
  process.exit(status);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
