// What a machine can check of how this project is written. Each rule takes a path and its text and returns complaints as
// [line, sentence]; rules_test.mjs shows each of them something to complain about.

const isC = (path) => /\.(c|h|cc|def)$/.test(path);
const isSource = (path) => path.startsWith('src/') || path.startsWith('include/');

const LINES_MAX = 1000;
const FUNCTION_LINES_MAX = 70;

// C without comments and the inside of strings, every other character in its place.
export function bareC(text) {
  let out = '';
  const pattern = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|R"\(([\s\S]*?)\)"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g;
  let at = 0;
  for (const m of text.matchAll(pattern)) {
    // 1'000 of C++ is no character.
    if (m[0][0] === "'" && /[0-9a-fA-F]/.test(text[m.index - 1] ?? '')) continue;
    if (m.index < at) continue;
    const quote = m[0][0] === '"' || m[0][0] === "'" ? m[0][0] : ' ';
    out += text.slice(at, m.index) + quote + m[0].slice(1, -1).replace(/[^\n]/g, ' ') + quote;
    at = m.index + m[0].length;
  }
  return out + text.slice(at);
}

function* lines(text) {
  let number = 0;
  for (const line of text.split('\n')) yield [++number, line];
}

function matches(text, pattern, sentence) {
  const found = [];
  for (const [number, line] of lines(text)) {
    const m = pattern.exec(line);
    if (m) found.push([number, sentence(m)]);
  }
  return found;
}

export function fileLength(path, text) {
  const count = text.split('\n').length - 1;
  return count > LINES_MAX ? [[count, `has ${count} lines, at most ${LINES_MAX}`]] : [];
}

// A body is a { after a ) at the outermost level (namespaces and extern "C" do not count), up to its }.
export function functionLength(path, text) {
  if (!/\.(c|cc|h)$/.test(path)) return [];
  const found = [];
  const bare = bareC(text).replace(/^[ \t]*#.*(?:\\\n.*)*/gm, (directive) => directive.replace(/[^\n]/g, ' '));
  const stack = [];
  let line = 1;
  let before = '';
  for (const character of bare) {
    if (character === '\n') line++;
    if (character === '{') {
      const isFunction = /\)\s*(const|noexcept|override|\s)*$/.test(before) && !stack.some((item) => item.isFunction);
      stack.push({ line, isFunction });
      before = '';
    } else if (character === '}') {
      const item = stack.pop();
      const count = item ? line - item.line + 1 : 0;
      if (item?.isFunction && count > FUNCTION_LINES_MAX) {
        found.push([item.line, `a function of ${count} lines, at most ${FUNCTION_LINES_MAX}`]);
      }
      before = '';
    } else {
      before = character === ';' ? '' : (before + character).slice(-200);
    }
  }
  return found;
}

export function v8OnlyInEngine(path, text) {
  if (!isC(path) || path.startsWith('src/engine/') || path.startsWith('tests/unit/engine_')) return [];
  const include = matches(text, /#\s*include\s*[<"](v8|libplatform|cppgc)[^>"]*[>"]/, (m) => `${m[0]} outside src/engine`);
  return include.concat(matches(bareC(text), /\b(v8|cppgc)::/, (m) => `${m[0]} outside src/engine`));
}

const banned = new Map([
  ['strcpy|strcat|stpcpy|strncat|sprintf|vsprintf|gets', 'knows no size: snprintf, memcpy, mf_buf'],
  ['strtok|asctime|ctime|gmtime|localtime', 'has hidden state'],
  ['atoi|atol|atoll|strtol|strtoll|strtoul|strtoull', 'takes what is no number: mf_slice_parse_u64'],
  ['rand|srand|random|drand48', 'can be guessed: mf_random_bytes'],
  ['system|popen', 'is a shell'],
  ['alloca', 'has no limit'],
]);
const memory = 'malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf';

export function bannedCalls(path, text) {
  // compat.cc is those functions, under the names that newer C libraries give them.
  if (!path.startsWith('src/') || !isC(path) || path === 'src/engine/compat.cc') return [];
  const bare = bareC(text);
  const found = [];
  for (const [names, reason] of banned) {
    found.push(...matches(bare, new RegExp(`(?<![\\w.>:])(?:std::)?(${names})\\s*\\(`), (m) => `${m[1]} ${reason}`));
  }
  if (!/^src\/(base|engine)\//.test(path)) {
    const pattern = new RegExp(`(?<![\\w.>:])(?:std::)?(${memory})\\s*\\(`);
    found.push(...matches(bare, pattern, (m) => `${m[1]}: memory comes from src/base`));
  }
  return found;
}

export function includesStayInside(path, text) {
  return isC(path) ? matches(text, /#\s*include\s*["<]\.\.\//, () => 'includes a file of another folder: use its door') : [];
}

export function nothingLeftForLater(path, text) {
  if (path.startsWith('tests/tidy/')) return [];
  return matches(text, /\b(TODO|FIXME|XXX|HACK)\b/, (m) => `${m[1]}: do it, or write an issue`);
}

// Or it begins with its own header, which has that comment.
export function startsWithItsPurpose(path, text) {
  if (!isC(path) || !isSource(path)) return [];
  const stem = path.replace(/.*\//, '').replace(/\.\w+$/, '');
  const begins = path.endsWith('.h') ? /^\/[*/]/ : new RegExp(`^(/[*/]|#include "${stem}\\.h"\n)`);
  return begins.test(text) ? [] : [[1, 'has no comment at its top that says what it is']];
}

export function runtimeNamesItsSpec(path, text) {
  if (!/^src\/runtime\/js\/[^/]+\.js$/.test(path)) return [];
  const head = text.split('\n').slice(0, 15).join('\n');
  const found = /^\/\/ Spec:\s+(https:\/\/\S+|none\b.*|ours\b.*)/m.test(head) ? [] : [[1, 'has no "// Spec:" line with a link, or "none" and why']];
  return found;
}

export function textIsClean(path, text) {
  if (path.endsWith('.md')) return matches(text, /\t/, () => 'a tab');
  const found = matches(text, /[ \t]+$/, () => 'blanks at the end of the line');
  if (isC(path)) found.push(...matches(text, /\t/, () => 'a tab'));
  if (text.length > 0 && !text.endsWith('\n')) found.push([text.split('\n').length, 'no newline at the end']);
  return found;
}

// Paths of one person's machine.
export function noPrivatePaths(path, text) {
  if (path.startsWith('tests/tidy/')) return [];
  return matches(text, /(^|[\s"'(=`])\/(work|home|root|Users)\/\w/, (m) => `${m[0].trim()}... is a path of one machine`);
}

export const rules = [
  fileLength, functionLength, v8OnlyInEngine, bannedCalls, includesStayInside, nothingLeftForLater, startsWithItsPurpose,
  runtimeNamesItsSpec, textIsClean, noPrivatePaths,
];
