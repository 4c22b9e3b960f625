// scan.mjs - the tokens of a document as ranges of its source, piece by piece. https://html.spec.whatwg.org/multipage/parsing.html#tokenization
//
// The source is a "binary" string: one character for each byte. All encodings that a document may have here agree with ASCII where markup
// is told from text, so that it need not be known which one it is, and every byte that nobody changes leaves as it came.
//
// An isolate lives for one request and its JavaScript is never warm: what looks at every character is V8's, indexOf and regular
// expressions, and what is written here runs once for each token. tests/runtime/html_scan.test.mjs holds it against parse5's tokenizer.
import { foreignContent, html } from 'parse5';
import { lower } from './content.mjs';

const { NS, TAG_ID: TAG } = html;
const NONE = [];

const SPACES = /[\t\n\f\r ]*/y;
const BETWEEN = /[\t\n\f\r /]*/y;
const NAME = /=?[^\t\n\f\r />=]*/y;
const UNQUOTED = /[^\t\n\f\r >]*/y;
const TAG_NAME = /[^\t\n\f\r />]*/y;
// A tag as people write it; what is odd is gone through step by step.
const USUAL = /<\/?[A-Za-z][^\t\n\f\r />]*(?:[\t\n\f\r ]+[^\t\n\f\r "'<>/=]+(?:=(?:"[^"]*"|'[^']*'|[^\t\n\f\r "'=<>`/]+(?=[\t\n\f\r >])))?)*[\t\n\f\r ]*\/?>/y;
const DOCTYPE = /^<!doctype[\t\n\f\r ]*([^\t\n\f\r >]*)[\t\n\f\r ]*(?:(public|system)[\t\n\f\r ]*(?:"([^">]*)"?|'([^'>]*)'?)?[\t\n\f\r ]*(?:"([^">]*)"?|'([^'>]*)'?)?)?/i;
const OPENINGS = ['<!--', '<!doctype', '<![cdata['];

// The end of what |pattern|, a sticky one, matches at |at|.
function skip(pattern, text, at) {
    pattern.lastIndex = at;
    pattern.test(text);
    return pattern.lastIndex;
}

// Where the tag at |at| ends, or -1; calls take(start, end of the name, start and end of the value, end) for each attribute.
function walkTag(text, at, take) {
    let i = skip(TAG_NAME, text, at + (text[at + 1] === '/' ? 2 : 1));
    for (;;) {
        i = skip(BETWEEN, text, i);
        if (i >= text.length) return -1;
        if (text[i] === '>') return i + 1;
        const nameEnd = skip(NAME, text, i);
        let next = skip(SPACES, text, nameEnd);
        if (next >= text.length) return -1;
        if (text[next] !== '=') {
            take?.(i, nameEnd, nameEnd, nameEnd, nameEnd);
            i = next;
            continue;
        }
        next = skip(SPACES, text, next + 1);
        if (next >= text.length) return -1;
        const quote = text[next] === '"' || text[next] === "'" ? text[next] : '';
        const end = quote === '' ? skip(UNQUOTED, text, next) : text.indexOf(quote, next + 1);
        if (end < 0 || (quote === '' && end >= text.length)) return -1;
        take?.(i, nameEnd, next + quote.length, end, end + quote.length);
        i = end + quote.length;
    }
}

// [{name, value, raw}] of a start tag's source; of several with one name the first counts.
export function attributesOf(raw) {
    const found = [];
    const seen = new Set();
    walkTag(raw, 0, (start, nameEnd, valueStart, valueEnd, end) => {
        const name = lower(raw.slice(start, nameEnd));
        if (!seen.has(name)) {
            seen.add(name);
            found.push({ name, value: raw.slice(valueStart, valueEnd), raw: raw.slice(start, end) });
        }
    });
    return found;
}

// Whether the tag closes itself: a solidus that belongs to no value stands before its end.
function closesItself(raw) {
    if (!raw.endsWith('/>')) return false;
    let last = -1;
    walkTag(raw, 0, (start, nameEnd, valueStart, valueEnd, end) => {
        last = end;
    });
    return last < raw.length - 1;
}

/* ---- what a tag does to what follows it: the tree builder's part ------------------------------------- */

// The state of the tokenizer behind a start tag in HTML.
function modeBehind(id) {
    switch (id) {
        case TAG.TEXTAREA: case TAG.TITLE:
        case TAG.STYLE: case TAG.IFRAME: case TAG.XMP: case TAG.NOEMBED: case TAG.NOFRAMES: case TAG.NOSCRIPT: return 'raw';
        case TAG.SCRIPT: return 'script';
        case TAG.PLAINTEXT: return 'plaintext';
        default: return 'data';
    }
}

// Which namespace elements are in, as far as that can be told without a tree; parse5-sax-parser does the same.
class Namespaces {
    #stack = [NS.HTML];

    get current() {
        return this.#stack.at(-1);
    }

    // The namespace of the element of a start tag; |read|() gives its attributes.
    start(id, name, isSelfClosing, read) {
        if (id === TAG.SVG || id === TAG.MATH) {
            const own = id === TAG.SVG ? NS.SVG : NS.MATHML;
            if (!isSelfClosing) this.#stack.push(own);
            return own;
        }
        const own = this.current;
        if (own === NS.HTML) return own;
        const attrs = id === TAG.FONT || id === TAG.ANNOTATION_XML ? read() : NONE;
        if (foreignContent.causesExit({ tagID: id, attrs })) {
            this.#stack.pop();
            return this.current;
        }
        if (!isSelfClosing && this.#isIntegrationPoint(name, own, attrs)) this.#stack.push(NS.HTML);
        return own;
    }

    end(id, name) {
        const own = this.current;
        if (own === NS.HTML) {
            const outer = this.#stack.at(-2);
            if (outer !== undefined && this.#isIntegrationPoint(name, outer, NONE)) this.#stack.pop();
        } else if ((id === TAG.SVG && own === NS.SVG) || (id === TAG.MATH && own === NS.MATHML)) {
            this.#stack.pop();
        }
    }

    #isIntegrationPoint(name, namespace, attrs) {
        const adjusted = namespace === NS.SVG ? foreignContent.SVG_TAG_NAMES_ADJUSTMENT_MAP.get(name) ?? name : name;
        return foreignContent.isIntegrationPoint(html.getTagID(adjusted), namespace, attrs);
    }
}

/* ---- the scanner --------------------------------------------------------------------------------------- */

// A token: {kind, start, end, ...}, kind being one of "start", "end", "text", "comment", "doctype". What is in none of them is passed on.
export class Scanner {
    #base = 0; // where #source begins in the document
    #source = '';
    #at = 0; // in #source: what is before it has been told
    #from = 0; // in #source: what is before it need not be searched again
    #isLast = false;
    #isOpen = false; // nothing goes on before a ">" comes
    #later = []; // pieces behind #source without one
    #tokens = [];
    #mode = 'data';
    #ending = null; // in raw text: what ends it
    #endingSize = 0;
    #escape = 0; // in a script: 0 no, 1 in <!--, 2 in a <script> in that
    #namespaces = new Namespaces();

    // The tokens that |piece| completed; text comes as far as it goes.
    write(piece, isLast = false) {
        if (this.#isOpen && !isLast && !piece.includes('>')) {
            this.#later.push(piece); // joining it to what there is would copy that each time
            return NONE;
        }
        this.#source += this.#later.join('') + piece;
        this.#later = [];
        this.#isOpen = false;
        this.#isLast = isLast;
        let goesOn = true;
        while (goesOn && this.#at < this.#source.length) {
            switch (this.#mode) {
                case 'data': goesOn = this.#data(); break;
                case 'raw': goesOn = this.#raw(); break;
                case 'script': goesOn = this.#script(); break;
                case 'cdata': goesOn = this.#cdata(); break;
                default: goesOn = this.#text(this.#source.length);
            }
        }
        const tokens = this.#tokens;
        this.#tokens = [];
        return tokens;
    }

    get end() {
        return this.#base + this.#source.length;
    }

    slice(start, end) {
        return this.#source.slice(start - this.#base, end - this.#base);
    }

    // Nobody asks for what is before |start| any more.
    drop(start) {
        const size = start - this.#base;
        this.#source = this.#source.slice(size);
        this.#base = start;
        this.#at -= size;
        this.#from = Math.max(0, this.#from - size);
    }

    // A token up to |end|. True, like all that follow: there may be more.
    #token(kind, end, more) {
        this.#tokens.push({ kind, start: this.#base + this.#at, end: this.#base + end, ...more });
        return this.#pass(end);
    }

    #pass(end) {
        this.#at = end;
        this.#from = end;
        return true;
    }

    #text(end) {
        if (end === this.#at) return true;
        const last = this.#tokens.at(-1);
        if (last?.kind === 'text' && last.end === this.#base + this.#at) {
            last.end = this.#base + end;
            return this.#pass(end);
        }
        return this.#token('text', end);
    }

    // What is not complete: more must come, unless nothing does.
    #wait(atEnd) {
        return this.#isLast ? atEnd() : false;
    }

    #waitForEnd(atEnd) {
        this.#isOpen = true;
        return this.#wait(atEnd);
    }

    /* ---- markup ---- */

    #data() {
        const source = this.#source;
        const open = source.indexOf('<', this.#at);
        this.#text(open < 0 ? source.length : open);
        if (open < 0) return true;
        const next = source[open + 1];
        if (next === undefined) return this.#wait(() => this.#text(open + 1));
        if (next === '!') return this.#declaration();
        if (next === '?') return this.#bogus();
        if (next === '/') {
            const letter = source[open + 2];
            if (letter === undefined) return this.#wait(() => this.#text(source.length));
            if (letter === '>') return this.#pass(open + 3);
            return /[A-Za-z]/.test(letter) ? this.#tag() : this.#bogus();
        }
        return /[A-Za-z]/.test(next) ? this.#tag() : this.#text(open + 1);
    }

    #tag() {
        const source = this.#source;
        const start = this.#at;
        USUAL.lastIndex = start;
        const isUsual = USUAL.test(source);
        const end = isUsual ? USUAL.lastIndex : walkTag(source, start);
        if (end < 0) return this.#waitForEnd(() => this.#pass(source.length));
        const isEnd = source[start + 1] === '/';
        const nameStart = start + (isEnd ? 2 : 1);
        const nameRaw = source.slice(nameStart, skip(TAG_NAME, source, nameStart));
        const name = lower(nameRaw);
        const id = html.getTagID(name);
        if (isEnd) {
            this.#namespaces.end(id, name);
            return this.#token('end', end, { name });
        }
        const raw = source.slice(start, end);
        const isSelfClosing = isUsual ? source[end - 2] === '/' : closesItself(raw);
        const namespaceURI = this.#namespaces.start(id, name, isSelfClosing, () => attributesOf(raw));
        if (this.#namespaces.current === NS.HTML && namespaceURI === NS.HTML) this.#enter(modeBehind(id), name);
        return this.#token('start', end, { name, nameRaw, raw, isSelfClosing, namespaceURI });
    }

    #enter(mode, name) {
        this.#mode = mode;
        this.#escape = 0;
        if (mode === 'raw') {
            this.#ending = new RegExp(`</${name}(?=[\\t\\n\\f\\r />])`, 'gi');
            this.#endingSize = name.length + 2;
        }
    }

    #declaration() {
        const opening = this.#source.slice(this.#at, this.#at + 9).toLowerCase();
        if (opening.startsWith('<!--')) return this.#comment();
        if (opening === '<!doctype') return this.#doctype();
        if (this.#namespaces.current !== NS.HTML && this.#source.startsWith('<![CDATA[', this.#at)) {
            this.#pass(this.#at + 9);
            this.#mode = 'cdata';
            return true;
        }
        const mayBecome = OPENINGS.some((one) => one.length > opening.length && one.startsWith(opening));
        return mayBecome && !this.#isLast ? false : this.#bogus();
    }

    #comment() {
        const body = this.#at + 4;
        const short = /-?>/y;
        short.lastIndex = body;
        if (short.test(this.#source)) return this.#token('comment', short.lastIndex);
        const ending = /--!?>/g;
        ending.lastIndex = Math.max(body, this.#from - 3);
        if (ending.test(this.#source)) return this.#token('comment', ending.lastIndex);
        this.#from = this.#source.length;
        return this.#waitForEnd(() => this.#token('comment', this.#source.length));
    }

    // The position behind the next ">", or -1.
    #afterBracket() {
        const end = this.#source.indexOf('>', this.#from);
        this.#from = this.#source.length;
        return end + 1 || -1;
    }

    #bogus() {
        const end = this.#afterBracket();
        return end < 0 ? this.#waitForEnd(() => this.#token('comment', this.#source.length)) : this.#token('comment', end);
    }

    #doctype() {
        const end = this.#afterBracket();
        if (end < 0 && !this.#isLast) return this.#waitForEnd(null);
        const to = end < 0 ? this.#source.length : end;
        const [, name, keyword, a, b, c, d] = DOCTYPE.exec(this.#source.slice(this.#at, to));
        const isPublic = keyword?.toLowerCase() === 'public';
        const first = a ?? b ?? null;
        return this.#token('doctype', to, {
            name: name === '' ? null : lower(name), publicId: isPublic ? first : null, systemId: isPublic ? c ?? d ?? null : first,
        });
    }

    /* ---- text that is not looked into ---- */

    #raw() {
        const source = this.#source;
        this.#ending.lastIndex = this.#from;
        const found = this.#ending.exec(source);
        if (found !== null) return this.#endRaw(found.index);
        return this.#isLast ? this.#text(source.length) : this.#textBut('<', this.#endingSize);
    }

    #endRaw(at) {
        this.#text(at);
        const before = this.#mode;
        this.#mode = 'data';
        if (this.#tag()) return true;
        this.#mode = before; // its end tag is not complete
        return false;
    }

    // The text that is there, but for what of the last |size| characters may begin something: from the first of |marks| on. False.
    #textBut(marks, size) {
        const { length } = this.#source;
        let end = Math.max(this.#at, length - size);
        while (end < length && !marks.includes(this.#source[end])) end++;
        this.#text(end);
        return false;
    }

    #script() {
        const source = this.#source;
        const marks = /<!--|-->|<\/?script(?=[\t\n\f\r />])/gi;
        marks.lastIndex = this.#from;
        for (let found = marks.exec(source); found !== null; found = marks.exec(source)) {
            const mark = found[0].toLowerCase();
            if (mark === '</script' && this.#escape < 2) return this.#endRaw(found.index);
            if (mark === '<!--' && this.#escape === 0) {
                this.#escape = 1;
                marks.lastIndex = found.index + 2; // its dashes may be those of an end
            } else if (mark === '-->') {
                this.#escape = 0;
            } else if (mark === '<script' && this.#escape === 1) {
                this.#escape = 2;
            } else if (mark === '</script') {
                this.#escape = 1;
            }
            this.#text(marks.lastIndex);
        }
        return this.#isLast ? this.#text(source.length) : this.#textBut('<-', 8);
    }

    #cdata() {
        const end = this.#source.indexOf(']]>', this.#at);
        if (end < 0) return this.#isLast ? this.#text(this.#source.length) : this.#textBut(']', 2);
        this.#text(end);
        this.#mode = 'data';
        return this.#pass(end + 3);
    }
}
