// The pattern strings of URLPattern: tokens, parts, and the regular expression and the canonical string of a list of parts.
//
// Spec:  https://urlpattern.spec.whatwg.org/#tokenizing  https://urlpattern.spec.whatwg.org/#parsing-pattern-strings
// Covers / differs:  all
// Ops:   none
// WPT:   urlpattern
// Limits: none

'use strict';

const {
    List, Map, MapPrototypeHas, MapPrototypeSet, RegExpPrototypeExec, StringPrototypeCharCodeAt, StringPrototypeCodePointAt,
    StringPrototypeIncludes, StringPrototypeSlice, TypeError,
} = primordials;

const NAME_START = /[$_\p{ID_Start}]/u;
const NAME_PART = /[$_\u200c\u200d\p{ID_Continue}]/u;

/* ---- tokens -------------------------------------------------------------------------------- */

function pointAt(text, at) {
    const point = StringPrototypeCodePointAt(text, at);
    return StringPrototypeSlice(text, at, at + (point > 0xffff ? 2 : 1));
}

const isNamePoint = (point, isFirst) => RegExpPrototypeExec(isFirst ? NAME_START : NAME_PART, point) !== null;
const isAscii = (point) => StringPrototypeCharCodeAt(point, 0) < 0x80;

// Where the name that starts at |at| ends.
function nameEnd(text, at) {
    for (let next = at; next < text.length;) {
        const point = pointAt(text, next);
        if (!isNamePoint(point, next === at)) {
            return next;
        }
        next += point.length;
        if (next >= text.length) {
            return next;
        }
    }
    return at;
}

// Where the regular expression that starts at |at|, after its "(", ends: behind its ")"; -1 when it is none.
function regexpEnd(text, at) {
    let depth = 1;
    for (let next = at; next < text.length; next++) {
        const c = text[next];
        if (!isAscii(c) || (next === at && c === '?')) {
            return -1;
        }
        if (c === '\\') {
            next++;
            if (next === text.length || !isAscii(text[next])) {
                return -1;
            }
        } else if (c === ')') {
            depth--;
            if (depth === 0) {
                return next === at ? -1 : next + 1;
            }
        } else if (c === '(') {
            depth++;
            if (text[next + 1] !== '?') {
                return -1; // no groups that capture
            }
        }
    }
    return -1;
}

const SINGLE = {
    __proto__: null, '*': 'asterisk', '+': 'other-modifier', '?': 'other-modifier', '{': 'open', '}': 'close',
};

// [{type, index, value}], "end" last. |isLenient|: what is wrong becomes a token "invalid-char".
function tokenize(text, isLenient) {
    const tokens = List();
    let at = 0;
    const add = (type, start, end, next) => {
        tokens[tokens.length] = { __proto__: null, type, index: at, value: StringPrototypeSlice(text, start, end) };
        at = next;
    };
    const fail = (start, next) => {
        if (!isLenient) {
            throw new TypeError(`Invalid pattern at ${start}: ${text}`);
        }
        add('invalid-char', start, next, next);
    };
    while (at < text.length) {
        const point = pointAt(text, at);
        const next = at + point.length;
        if (SINGLE[point] !== undefined) {
            add(SINGLE[point], at, next, next);
        } else if (point === '\\') {
            if (next === text.length) {
                fail(at, next);
            } else {
                const end = next + pointAt(text, next).length;
                add('escaped-char', next, end, end);
            }
        } else if (point === ':') {
            const end = nameEnd(text, next);
            if (end === next) {
                fail(at, next);
            } else {
                add('name', next, end, end);
            }
        } else if (point === '(') {
            const end = regexpEnd(text, next);
            if (end < 0) {
                fail(at, next);
            } else {
                add('regexp', next, end - 1, end);
            }
        } else {
            add('char', at, next, next);
        }
    }
    add('end', at, at, at);
    return tokens;
}

/* ---- parts --------------------------------------------------------------------------------- */

// Types and modifiers, in the order of compareComponent().
const FULL_WILDCARD = 0;
const SEGMENT_WILDCARD = 1;
const REGEXP = 2;
const FIXED = 3;

const ZERO_OR_MORE = 0;
const OPTIONAL = 1;
const ONE_OR_MORE = 2;
const NONE = 3;
const MODIFIERS = '*?+';

function escapeWith(text, special) {
    let escaped = '';
    for (let i = 0; i < text.length; i++) {
        escaped += StringPrototypeIncludes(special, text[i]) ? `\\${text[i]}` : text[i];
    }
    return escaped;
}

const escapeRegexp = (text) => escapeWith(text, '.+*?^${}()[]|/\\');
const escapePattern = (text) => escapeWith(text, '+*?:{}()\\');
const segmentWildcard = (options) => `[^${escapeRegexp(options.delimiter)}]+?`;
const modifierText = (modifier) => (modifier === NONE ? '' : MODIFIERS[modifier]);

class Parser {
    #tokens;
    #at = 0;
    #options;
    #encode;
    #pending = ''; // fixed text
    #names = new Map();
    #lastNumber = 0;
    parts = List();

    constructor(text, options, encode) {
        this.#tokens = tokenize(text, false);
        this.#options = options;
        this.#encode = encode;
    }

    #take(type) {
        const token = this.#tokens[this.#at];
        if (token.type !== type) {
            return null;
        }
        this.#at++;
        return token;
    }

    #need(type) {
        const token = this.#take(type);
        if (token === null) {
            throw new TypeError(`Invalid pattern: '${this.#tokens[this.#at].value}' is not expected there.`);
        }
    }

    #takeMatcher(name) {
        return this.#take('regexp') ?? (name === null ? this.#take('asterisk') : null);
    }

    #takeModifier() {
        const token = this.#take('other-modifier') ?? this.#take('asterisk');
        if (token === null) {
            return NONE;
        }
        return token.value === '*' ? ZERO_OR_MORE : token.value === '?' ? OPTIONAL : ONE_OR_MORE;
    }

    #takeText() {
        let text = '';
        for (;;) {
            const token = this.#take('char') ?? this.#take('escaped-char');
            if (token === null) {
                return text;
            }
            text += token.value;
        }
    }

    #push(type, value, modifier, name = '', prefix = '', suffix = '') {
        this.parts[this.parts.length] = { __proto__: null, type, value, modifier, name, prefix, suffix };
    }

    #flush() {
        if (this.#pending !== '') {
            const text = this.#encode(this.#pending);
            this.#pending = '';
            this.#push(FIXED, text, NONE);
        }
    }

    #add(prefix, name, matcher, suffix, modifier) {
        if (name === null && matcher === null && modifier === NONE) {
            this.#pending += prefix;
            return;
        }
        this.#flush();
        if (name === null && matcher === null) {
            if (prefix !== '') {
                this.#push(FIXED, this.#encode(prefix), modifier);
            }
            return;
        }
        const wildcard = segmentWildcard(this.#options);
        let value = matcher === null ? wildcard : matcher.type === 'asterisk' ? '.*' : matcher.value;
        let type = REGEXP;
        if (value === wildcard || value === '.*') {
            type = value === '.*' ? FULL_WILDCARD : SEGMENT_WILDCARD;
            value = '';
        }
        const label = name !== null ? name.value : `${this.#lastNumber++}`;
        if (MapPrototypeHas(this.#names, label)) {
            throw new TypeError(`Invalid pattern: the name '${label}' is there twice.`);
        }
        MapPrototypeSet(this.#names, label, true);
        this.#push(type, value, modifier, label, this.#encode(prefix), this.#encode(suffix));
    }

    run() {
        while (this.#at < this.#tokens.length) {
            const char = this.#take('char');
            const name = this.#take('name');
            const matcher = this.#takeMatcher(name);
            if (name !== null || matcher !== null) {
                let prefix = char === null ? '' : char.value;
                if (prefix !== '' && prefix !== this.#options.prefix) {
                    this.#pending += prefix;
                    prefix = '';
                }
                this.#flush();
                this.#add(prefix, name, matcher, '', this.#takeModifier());
                continue;
            }
            const fixed = char ?? this.#take('escaped-char');
            if (fixed !== null) {
                this.#pending += fixed.value;
                continue;
            }
            if (this.#take('open') !== null) {
                const prefix = this.#takeText();
                const inner = this.#take('name');
                const innerMatcher = this.#takeMatcher(inner);
                const suffix = this.#takeText();
                this.#need('close');
                this.#add(prefix, inner, innerMatcher, suffix, this.#takeModifier());
                continue;
            }
            this.#flush();
            this.#need('end');
        }
        return this.parts;
    }
}

/* ---- what parts become ----------------------------------------------------------------------- */

// {source, names} of the regular expression that matches |parts|.
function toRegexp(parts, options) {
    let source = '^';
    const names = List();
    for (let i = 0; i < parts.length; i++) {
        const { type, value, modifier, name, prefix, suffix } = parts[i];
        const times = modifierText(modifier);
        if (type === FIXED) {
            source += modifier === NONE ? escapeRegexp(value) : `(?:${escapeRegexp(value)})${times}`;
            continue;
        }
        names[names.length] = name;
        const inner = type === SEGMENT_WILDCARD ? segmentWildcard(options) : type === FULL_WILDCARD ? '.*' : value;
        const isOnce = modifier === NONE || modifier === OPTIONAL;
        if (prefix === '' && suffix === '') {
            source += isOnce ? `(${inner})${times}` : `((?:${inner})${times})`;
        } else if (isOnce) {
            source += `(?:${escapeRegexp(prefix)}(${inner})${escapeRegexp(suffix)})${times}`;
        } else {
            const before = escapeRegexp(prefix);
            const after = escapeRegexp(suffix);
            const all = `(?:${before}((?:${inner})(?:${after}${before}(?:${inner}))*)${after})`;
            source += modifier === ZERO_OR_MORE ? `${all}?` : all;
        }
    }
    return { __proto__: null, source: `${source}$`, names };
}

const isNumber = (name) => name !== '' && name[0] >= '0' && name[0] <= '9';
const isNamed = (part) => part.name !== '' && !isNumber(part.name);

// Whether |part| must stand in braces, because of what it is or of what stands beside it.
function needsGrouping(part, previous, next, options) {
    if (part.suffix !== '' || (part.prefix !== '' && part.prefix !== options.prefix)) {
        return true;
    }
    if (isNamed(part) && part.type === SEGMENT_WILDCARD && part.modifier === NONE && next !== undefined && next.prefix === '' &&
        next.suffix === '') {
        if (next.type === FIXED ? next.value !== '' && isNamePoint(pointAt(next.value, 0), false) : isNumber(next.name)) {
            return true;
        }
    }
    return part.prefix === '' && previous !== undefined && previous.type === FIXED && options.prefix !== '' &&
        previous.value[previous.value.length - 1] === options.prefix;
}

// What stands for the matcher of |part|: ":name", "(...)", "*".
function matcherText(part, previous, isGrouped, options) {
    const name = isNamed(part) ? `:${part.name}` : '';
    switch (part.type) {
        case REGEXP:
            return `${name}(${part.value})`;
        case SEGMENT_WILDCARD: {
            const needsEscape = name !== '' && part.suffix !== '' && isNamePoint(pointAt(part.suffix, 0), false);
            return (name === '' ? `(${segmentWildcard(options)})` : name) + (needsEscape ? '\\' : '');
        }
        default: {
            const isShort = name === '' && (previous === undefined || previous.type === FIXED || previous.modifier !== NONE ||
                isGrouped || part.prefix !== '');
            return isShort ? '*' : `${name}(.*)`;
        }
    }
}

// The canonical pattern string of |parts|.
function toPattern(parts, options) {
    let text = '';
    for (let i = 0; i < parts.length; i++) {
        const part = parts[i];
        const times = modifierText(part.modifier);
        if (part.type === FIXED) {
            text += part.modifier === NONE ? escapePattern(part.value) : `{${escapePattern(part.value)}}${times}`;
            continue;
        }
        const isGrouped = needsGrouping(part, parts[i - 1], parts[i + 1], options);
        const matcher = matcherText(part, parts[i - 1], isGrouped, options);
        const inner = escapePattern(part.prefix) + matcher + escapePattern(part.suffix);
        text += (isGrouped ? `{${inner}}` : inner) + times;
    }
    return text;
}

function hasRegexp(parts) {
    for (let i = 0; i < parts.length; i++) {
        if (parts[i].type === REGEXP) {
            return true;
        }
    }
    return false;
}

/* ---- order --------------------------------------------------------------------------------- */

const EMPTY = { __proto__: null, type: FIXED, value: '', modifier: NONE, name: '', prefix: '', suffix: '' };
const sign = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

function comparePart(a, b) {
    return sign(a.type, b.type) || sign(a.modifier, b.modifier) || sign(a.prefix, b.prefix) || sign(a.value, b.value) ||
        sign(a.suffix, b.suffix);
}

// Which of two lists of parts allows less: 1 is the first, -1 the second.
function compare(a, b) {
    for (let i = 0; i < a.length || i < b.length; i++) {
        const order = comparePart(a[i] ?? EMPTY, b[i] ?? EMPTY);
        if (order !== 0 || i >= a.length || i >= b.length) {
            return order;
        }
    }
    return 0;
}

return {
    __proto__: null,
    tokenize, escapePattern, toRegexp, toPattern, hasRegexp, compare,
    parse: (text, options, encode) => new Parser(text, options, encode).run(),
};
