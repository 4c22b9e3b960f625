// text.mjs - text searched and replaced, line by line as @cloudflare/shell does it. The expressions are JavaScript's, and run here: what
// they cost is the run's own CPU.

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

export function matcherOf(query, options = {}) {
    if (typeof query !== 'string' || query === '') throw new Error('Search query must not be empty');
    let source = options.regex ? query : escape(query);
    if (options.wholeWord) source = `\\b(?:${source})\\b`;
    try {
        return new RegExp(source, options.caseSensitive === false ? 'gi' : 'g');
    } catch (error) {
        throw new Error(`Invalid search pattern: ${error.message}`);
    }
}

export function search(content, query, options = {}) {
    const matcher = matcherOf(query, options);
    const { contextBefore, contextAfter, maxMatches = Infinity } = options;
    const lines = content.split('\n');
    const found = [];
    for (let i = 0; i < lines.length && found.length < maxMatches; i++) {
        matcher.lastIndex = 0;
        for (let match; found.length < maxMatches && (match = matcher.exec(lines[i])) !== null;) {
            found.push({
                line: i + 1, column: match.index + 1, match: match[0], lineText: lines[i],
                ...(contextBefore ? { beforeLines: lines.slice(Math.max(0, i - contextBefore), i) } : {}),
                ...(contextAfter ? { afterLines: lines.slice(i + 1, i + 1 + contextAfter) } : {}),
            });
            if (match[0] === '') matcher.lastIndex++;
        }
    }
    return found;
}

// |replacement| is text: "$&" is no more than that.
export function replace(content, query, replacement, options) {
    let replaced = 0;
    const next = content.replace(matcherOf(query, options), () => {
        replaced++;
        return `${replacement}`;
    });
    return { replaced, content: next };
}
