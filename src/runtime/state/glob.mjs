// glob.mjs - patterns of paths as the daemon's own glob reads them, for what is matched here: "*", "?", "[a-z]", "{a,b}", "**".

function classAt(pattern, at) {
    const close = pattern.indexOf(']', at + 2);
    if (close < 0) return null;
    const inner = pattern.slice(at + 1, close).replace(/\\/g, '\\\\').replace(/^[!^]/, '^');
    return { source: `(?!/)[${inner}]`, next: close + 1 };
}

export function matcherOf(pattern) {
    let source = '', depth = 0;
    for (let i = 0; i < pattern.length;) {
        const c = pattern[i];
        if (c === '*' && pattern[i + 1] === '*') {
            const isWhole = pattern[i + 2] === '/';
            source += isWhole ? '(?:[^/]+/)*' : '.*';
            i += isWhole ? 3 : 2;
            continue;
        }
        const found = c === '[' ? classAt(pattern, i) : null;
        if (found !== null) {
            source += found.source;
            i = found.next;
            continue;
        }
        if (c === '\\' && i + 1 < pattern.length) {
            source += pattern[++i].replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
        } else if (c === '{' && pattern.indexOf('}', i) > 0) {
            source += '(?:';
            depth++;
        } else if (c === '}' && depth > 0) {
            source += ')';
            depth--;
        } else {
            source += c === '*' ? '[^/]*' : c === '?' ? '[^/]' : c === ',' && depth > 0 ? '|' : c.replace(/[\\^$.+()[\]{}|]/g, '\\$&');
        }
        i++;
    }
    return new RegExp(`^${source}${')'.repeat(depth)}$`, 's');
}
