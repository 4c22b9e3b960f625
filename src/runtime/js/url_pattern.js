// URLPattern
//
// Spec:  https://urlpattern.spec.whatwg.org/
// Covers / differs:  all, and compareComponent(), which is only proposed
// Ops:   none
// WPT:   urlpattern
// Limits: none

'use strict';

const {
    List, RegExp, RegExpPrototypeExec, StringPrototypeEndsWith, StringPrototypeLastIndexOf, StringPrototypeSlice,
    StringPrototypeStartsWith, StringPrototypeToLowerCase, TypeError, defineValue, realm,
} = primordials;
const { webidl } = realm;
const parser = internals.lazy('url_pattern_parser.js');
const urls = internals.lazy('url_parser.js');

const COMPONENTS = ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash'];

/* ---- canonical forms, by the URL parser ------------------------------------------------------- */

function fail(component, value) {
    throw new TypeError(`Invalid ${component} '${value}'.`);
}

const dummy = () => urls.parse('https://dummy.invalid/', null);

function canonicalProtocol(value) {
    if (value === '') {
        return value;
    }
    const record = urls.parse(`${value}://dummy.invalid/`, null);
    return record === null ? fail('protocol', value) : record.scheme;
}

function canonicalCredential(part) {
    return (value) => {
        const record = dummy();
        urls.set(record, part, value);
        return record[part];
    };
}

function canonicalHostname(value) {
    if (value === '') {
        return value;
    }
    const record = dummy();
    return urls.parseAt(record, value, 'hostname') ? record.host : fail('hostname', value);
}

const NO_IPV6 = /[^0-9a-f[\]:]/i;

function canonicalIpv6(value) {
    return RegExpPrototypeExec(NO_IPV6, value) === null ? StringPrototypeToLowerCase(value) : fail('hostname', value);
}

function canonicalPort(value, protocol = '') {
    if (value === '') {
        return value;
    }
    const record = dummy();
    record.scheme = protocol === '' ? 'none' : protocol; // which has no default port
    if (!urls.parseAt(record, value, 'port')) {
        fail('port', value);
    }
    return record.port === null ? '' : `${record.port}`;
}

function canonicalPathname(value) {
    if (value === '') {
        return value;
    }
    const isAbsolute = value[0] === '/';
    const record = dummy();
    if (!urls.parseAt(record, isAbsolute ? value : `/-${value}`, 'pathname')) {
        fail('pathname', value);
    }
    return isAbsolute ? record.path : StringPrototypeSlice(record.path, 2);
}

function canonicalOpaquePathname(value) {
    if (value === '') {
        return value;
    }
    const record = dummy();
    record.path = '';
    record.isOpaque = true;
    return urls.parseAt(record, value, 'opaque') ? record.path : fail('pathname', value);
}

function canonicalSearch(value) {
    const record = dummy();
    record.query = '';
    return urls.parseAt(record, value, 'search') ? record.query : fail('search', value);
}

function canonicalHash(value) {
    const record = dummy();
    record.fragment = '';
    return urls.parseAt(record, value, 'hash') ? record.fragment : fail('hash', value);
}

const canonicalUsername = canonicalCredential('username');
const canonicalPassword = canonicalCredential('password');

/* ---- components ----------------------------------------------------------------------------- */

function optionsOf(delimiter, prefix, ignoresCase) {
    return { __proto__: null, delimiter, prefix, ignoresCase };
}

const PLAIN = optionsOf('', '', false);
const HOSTNAME = optionsOf('.', '', false);

// {text, regexp, names, hasRegexp, parts}
function compile(text, encode, options) {
    const parts = parser.parse(text, options, encode);
    const { source, names } = parser.toRegexp(parts, options);
    let regexp;
    try {
        regexp = new RegExp(source, options.ignoresCase ? 'vi' : 'v');
    } catch {
        throw new TypeError(`Invalid pattern: ${text}`);
    }
    return {
        __proto__: null, text: parser.toPattern(parts, options), regexp, names, hasRegexp: parser.hasRegexp(parts), parts,
    };
}

const SPECIAL = ['http', 'https', 'ws', 'wss', 'ftp', 'file'];

function matchesSpecial(component) {
    for (let i = 0; i < SPECIAL.length; i++) {
        if (RegExpPrototypeExec(component.regexp, SPECIAL[i]) !== null) {
            return true;
        }
    }
    return false;
}

function isIpv6Pattern(text) {
    return text.length >= 2 && (text[0] === '[' || ((text[0] === '{' || text[0] === '\\') && text[1] === '['));
}

/* ---- a pattern that is one string ------------------------------------------------------------- */

class ConstructorString {
    #text;
    #tokens;
    #init = { __proto__: null };
    #start = 0; // of the component, a token
    #at = 0;
    #increment = 1;
    #depth = 0; // of braces
    #brackets = 0; // of an IPv6 address
    #isSpecial = false;
    #state = 'init';

    constructor(text) {
        this.#text = text;
        this.#tokens = parser.tokenize(text, true);
    }

    #token(index) {
        return this.#tokens[index < this.#tokens.length ? index : this.#tokens.length - 1];
    }

    #isChar(value, offset = 0) {
        const { type, value: own } = this.#token(this.#at + offset);
        return own === value && (type === 'char' || type === 'escaped-char' || type === 'invalid-char');
    }

    #isSearchPrefix() {
        if (this.#isChar('?')) {
            return true;
        }
        if (this.#tokens[this.#at].value !== '?') {
            return false;
        }
        if (this.#at === 0) {
            return true;
        }
        const { type } = this.#token(this.#at - 1);
        return type !== 'name' && type !== 'regexp' && type !== 'close' && type !== 'asterisk';
    }

    #component() {
        return StringPrototypeSlice(this.#text, this.#token(this.#start).index, this.#tokens[this.#at].index);
    }

    #change(state, skip) {
        const init = this.#init;
        const old = this.#state;
        if (old !== 'init' && old !== 'authority' && old !== 'done') {
            init[old] = this.#component();
        }
        if (old !== 'init' && state !== 'done') {
            const isBeforeHost = old === 'protocol' || old === 'authority' || old === 'username' || old === 'password';
            const isBeforePath = isBeforeHost || old === 'hostname' || old === 'port';
            if (isBeforeHost && state !== 'authority' && state !== 'username' && state !== 'password' && state !== 'hostname') {
                init.hostname ??= '';
            }
            if (isBeforePath && (state === 'search' || state === 'hash')) {
                init.pathname ??= this.#isSpecial ? '/' : '';
            }
            if ((isBeforePath || old === 'pathname') && state === 'hash') {
                init.search ??= '';
            }
        }
        this.#state = state;
        this.#at += skip;
        this.#start = this.#at;
        this.#increment = 0;
    }

    #rewind(state) {
        this.#at = this.#start;
        this.#increment = 0;
        this.#state = state;
    }

    // To the component that starts here; false when none does. |from| is the first of those that may.
    #turn(from) {
        if (from <= 0 && this.#isChar('/')) {
            this.#change('pathname', 0);
        } else if (from <= 1 && this.#isSearchPrefix()) {
            this.#change('search', 1);
        } else if (this.#isChar('#')) {
            this.#change('hash', 1);
        } else {
            return false;
        }
        return true;
    }

    #protocol() {
        if (!this.#isChar(':')) {
            return;
        }
        this.#isSpecial = matchesSpecial(compile(this.#component(), canonicalProtocol, PLAIN));
        if (this.#isChar('/', 1) && this.#isChar('/', 2)) {
            this.#change('authority', 3);
        } else {
            this.#change(this.#isSpecial ? 'authority' : 'pathname', 1);
        }
    }

    #step() {
        switch (this.#state) {
            case 'init':
                if (this.#isChar(':')) {
                    this.#rewind('protocol');
                }
                break;
            case 'protocol':
                this.#protocol();
                break;
            case 'authority':
                if (this.#isChar('@')) {
                    this.#rewind('username');
                } else if (this.#isChar('/') || this.#isSearchPrefix() || this.#isChar('#')) {
                    this.#rewind('hostname');
                }
                break;
            case 'username':
                if (this.#isChar(':')) {
                    this.#change('password', 1);
                } else if (this.#isChar('@')) {
                    this.#change('hostname', 1);
                }
                break;
            case 'password':
                if (this.#isChar('@')) {
                    this.#change('hostname', 1);
                }
                break;
            case 'hostname':
                if (this.#isChar('[')) {
                    this.#brackets++;
                } else if (this.#isChar(']')) {
                    this.#brackets--;
                } else if (this.#isChar(':') && this.#brackets === 0) {
                    this.#change('port', 1);
                } else {
                    this.#turn(0);
                }
                break;
            case 'port':
                this.#turn(0);
                break;
            case 'pathname':
                this.#turn(1);
                break;
            case 'search':
                this.#turn(2);
                break;
        }
    }

    // At the last token; false when all is done.
    #end() {
        if (this.#state === 'init') {
            this.#rewind('init');
            if (this.#isChar('#')) {
                this.#change('hash', 1);
            } else if (this.#isSearchPrefix()) {
                this.#change('search', 1);
            } else {
                this.#change('pathname', 0);
            }
            return true;
        }
        if (this.#state === 'authority') {
            this.#rewind('hostname');
            return true;
        }
        this.#change('done', 0);
        return false;
    }

    run() {
        for (; this.#at < this.#tokens.length; this.#at += this.#increment) {
            this.#increment = 1;
            const { type } = this.#tokens[this.#at];
            if (type === 'end') {
                if (!this.#end()) {
                    break;
                }
                continue;
            }
            if (type === 'open') {
                this.#depth++;
                continue;
            }
            if (this.#depth > 0) {
                if (type !== 'close') {
                    continue;
                }
                this.#depth--;
            }
            this.#step();
        }
        if (this.#init.hostname !== undefined && this.#init.port === undefined) {
            this.#init.port = '';
        }
        return this.#init;
    }
}

/* ---- init ---------------------------------------------------------------------------------- */

// {protocol, ...} of a dictionary: the members that it has, as strings.
function readInit(value, context) {
    const given = webidl.dictionary(value, context);
    const init = { __proto__: null };
    const members = ['baseURL', 'hash', 'hostname', 'password', 'pathname', 'port', 'protocol', 'search', 'username'];
    for (let i = 0; i < members.length; i++) {
        const member = given[members[i]];
        if (member !== undefined) {
            init[members[i]] = webidl.usvString(member);
        }
    }
    return init;
}

const without = (text, prefix) => (StringPrototypeStartsWith(text, prefix) ? StringPrototypeSlice(text, 1) : text);
const isSpecialScheme = (scheme) => scheme === 'file' || urls.defaultPort(scheme) !== null;

// What |init| has not and its base URL has, into |result|. |isPattern|: as patterns, |else| as parts of a URL.
function inherit(result, init, base, isPattern) {
    const as = isPattern ? parser.escapePattern : (text) => text;
    const has = (name) => init[name] !== undefined;
    if (has('protocol')) {
        return;
    }
    result.protocol = as(base.scheme);
    if (has('hostname')) {
        return;
    }
    if (!isPattern && !has('port') && !has('username')) {
        result.username = base.username;
        if (!has('password')) {
            result.password = base.password;
        }
    }
    result.hostname = as(base.host ?? '');
    if (has('port')) {
        return;
    }
    result.port = base.port === null ? '' : `${base.port}`;
    if (has('pathname')) {
        return;
    }
    result.pathname = as(base.path);
    if (has('search')) {
        return;
    }
    result.search = as(base.query ?? '');
    if (!has('hash')) {
        result.hash = as(base.fragment ?? '');
    }
}

function isAbsolute(path, isPattern) {
    return path[0] === '/' || (isPattern && path.length > 1 && (path[0] === '\\' || path[0] === '{') && path[1] === '/');
}

function processPathname(result, base, isPattern) {
    let path = result.pathname;
    if (base !== null && !base.isOpaque && !isAbsolute(path, isPattern)) {
        const folder = isPattern ? parser.escapePattern(base.path) : base.path;
        const slash = StringPrototypeLastIndexOf(folder, '/');
        if (slash >= 0) {
            path = StringPrototypeSlice(folder, 0, slash + 1) + path;
        }
    }
    if (isPattern) {
        return path;
    }
    const { protocol } = result;
    return protocol === undefined || protocol === '' || isSpecialScheme(protocol)
        ? canonicalPathname(path) : canonicalOpaquePathname(path);
}

// The members of |init|, those of its base URL where they count, over those of |result|.
function processInit(init, isPattern, result) {
    let base = null;
    if (init.baseURL !== undefined) {
        base = realm.url.parse(init.baseURL, null);
        if (base === null) {
            throw new TypeError(`Invalid base URL '${init.baseURL}'.`);
        }
        inherit(result, init, base, isPattern);
    }
    const take = (name, value, canonical) => {
        if (init[name] !== undefined) {
            result[name] = isPattern ? value : canonical(value, result.protocol);
        }
    };
    const { protocol } = init;
    take('protocol', protocol !== undefined && StringPrototypeEndsWith(protocol, ':')
        ? StringPrototypeSlice(protocol, 0, protocol.length - 1) : protocol, canonicalProtocol);
    take('username', init.username, canonicalUsername);
    take('password', init.password, canonicalPassword);
    take('hostname', init.hostname, canonicalHostname);
    take('port', init.port, canonicalPort);
    if (init.pathname !== undefined) {
        result.pathname = init.pathname;
        result.pathname = processPathname(result, base, isPattern);
    }
    take('search', without(init.search ?? '', '?'), canonicalSearch);
    take('hash', without(init.hash ?? '', '#'), canonicalHash);
    return result;
}

/* ---- the class ------------------------------------------------------------------------------ */

function compileAll(init, ignoresCase) {
    for (let i = 0; i < COMPONENTS.length; i++) {
        init[COMPONENTS[i]] ??= '*';
    }
    if (isSpecialScheme(init.protocol) && init.port === `${urls.defaultPort(init.protocol)}`) {
        init.port = '';
    }
    const plain = optionsOf('', '', ignoresCase);
    const protocol = compile(init.protocol, canonicalProtocol, PLAIN);
    const isPath = matchesSpecial(protocol);
    return {
        __proto__: null,
        protocol,
        username: compile(init.username, canonicalUsername, PLAIN),
        password: compile(init.password, canonicalPassword, PLAIN),
        hostname: compile(init.hostname, isIpv6Pattern(init.hostname) ? canonicalIpv6 : canonicalHostname, HOSTNAME),
        port: compile(init.port, (value) => canonicalPort(value), PLAIN),
        pathname: isPath ? compile(init.pathname, canonicalPathname, optionsOf('/', '/', ignoresCase))
            : compile(init.pathname, canonicalOpaquePathname, plain),
        search: compile(init.search, canonicalSearch, plain),
        hash: compile(init.hash, canonicalHash, plain),
    };
}

const isDictionary = (value) => value === undefined || value === null || webidl.isObject(value);

// What is matched, {values, inputs}, or null when the input is no URL.
function readInput(input, baseUrl, context) {
    const isInit = isDictionary(input);
    const given = isInit ? readInit(input, context) : webidl.usvString(input);
    const base = baseUrl === undefined ? undefined : webidl.usvString(baseUrl);
    if (isInit) {
        if (base !== undefined) {
            throw new TypeError(`${context}: a base URL goes with a string only.`);
        }
        const values = { __proto__: null };
        for (let i = 0; i < COMPONENTS.length; i++) {
            values[COMPONENTS[i]] = '';
        }
        const plain = {};
        for (const name in given) {
            defineValue(plain, name, given[name], true);
        }
        try {
            return { __proto__: null, values: processInit(given, false, values), inputs: [plain] };
        } catch {
            return null;
        }
    }
    const baseRecord = base === undefined ? null : realm.url.parse(base, null);
    const record = base !== undefined && baseRecord === null ? null : realm.url.parse(given, baseRecord);
    if (record === null) {
        return null;
    }
    const values = {
        __proto__: null, protocol: record.scheme, username: record.username, password: record.password,
        hostname: record.host ?? '', port: record.port === null ? '' : `${record.port}`, pathname: record.path,
        search: record.query ?? '', hash: record.fragment ?? '',
    };
    return { __proto__: null, values, inputs: base === undefined ? [given] : [given, base] };
}

function groupsOf(component, match) {
    const groups = {};
    for (let i = 0; i < component.names.length; i++) {
        defineValue(groups, component.names[i], match[i + 1], true);
    }
    return groups;
}

class URLPattern {
    #components;

    constructor(input = undefined, baseOrOptions = undefined, options = undefined) {
        const context = "Failed to construct 'URLPattern'";
        const hasBase = arguments.length > 2 || (arguments.length === 2 && !isDictionary(baseOrOptions));
        const isInit = isDictionary(input);
        const given = isInit ? readInit(input, context) : webidl.usvString(input);
        const base = hasBase ? webidl.usvString(baseOrOptions) : undefined;
        const { ignoreCase } = webidl.dictionary(hasBase ? options : baseOrOptions, context);
        let init = given;
        if (!isInit) {
            init = new ConstructorString(given).run();
            if (base === undefined && init.protocol === undefined) {
                throw new TypeError(`${context}: a string without a protocol needs a base URL.`);
            }
            if (base !== undefined) {
                init.baseURL = base;
            }
        } else if (base !== undefined) {
            throw new TypeError(`${context}: a base URL goes with a string only.`);
        }
        this.#components = compileAll(processInit(init, true, { __proto__: null }), !!ignoreCase);
    }

    static compareComponent(component, left, right) {
        const context = "Failed to execute 'compareComponent' on 'URLPattern'";
        webidl.requireArguments(arguments.length, 3, context);
        const name = webidl.enumeration(component, COMPONENTS, context);
        if (!webidl.isObject(left) || !(#components in left) || !webidl.isObject(right) || !(#components in right)) {
            throw new TypeError(`${context}: what is compared is not a URLPattern.`);
        }
        return parser.compare(left.#components[name].parts, right.#components[name].parts);
    }

    get protocol() {
        return this.#components.protocol.text;
    }

    get username() {
        return this.#components.username.text;
    }

    get password() {
        return this.#components.password.text;
    }

    get hostname() {
        return this.#components.hostname.text;
    }

    get port() {
        return this.#components.port.text;
    }

    get pathname() {
        return this.#components.pathname.text;
    }

    get search() {
        return this.#components.search.text;
    }

    get hash() {
        return this.#components.hash.text;
    }

    get hasRegExpGroups() {
        for (let i = 0; i < COMPONENTS.length; i++) {
            if (this.#components[COMPONENTS[i]].hasRegexp) {
                return true;
            }
        }
        return false;
    }

    test(input = undefined, baseUrl = undefined) {
        this.#components;
        return this.#match(input, baseUrl, "Failed to execute 'test' on 'URLPattern'") !== null;
    }

    exec(input = undefined, baseUrl = undefined) {
        this.#components;
        const found = this.#match(input, baseUrl, "Failed to execute 'exec' on 'URLPattern'");
        if (found === null) {
            return null;
        }
        const result = { inputs: found.inputs };
        for (let i = 0; i < COMPONENTS.length; i++) {
            const name = COMPONENTS[i];
            const groups = groupsOf(this.#components[name], found.matches[i]);
            defineValue(result, name, { input: found.values[name], groups }, true);
        }
        return result;
    }

    #match(input, baseUrl, context) {
        const read = readInput(input, baseUrl, context);
        if (read === null) {
            return null;
        }
        const matches = List();
        for (let i = 0; i < COMPONENTS.length; i++) {
            const name = COMPONENTS[i];
            matches[i] = RegExpPrototypeExec(this.#components[name].regexp, read.values[name]);
            if (matches[i] === null) {
                return null;
            }
        }
        return { __proto__: null, values: read.values, inputs: read.inputs, matches };
    }
}

webidl.finish(URLPattern);

return { __proto__: null, URLPattern };
