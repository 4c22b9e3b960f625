// scan.mjs - parse5's tokenizer, fed piece by piece, as a list of ranges of the source.
//
// The source is a "binary" string: one character for each byte. All encodings that a document may have here agree with ASCII where
// the tokenizer looks, so that it need not know which one it is, and every byte that nobody changes leaves as it came.
import { foreignContent, html } from 'parse5';
import { ParserFeedbackSimulator } from 'parse5-sax-parser/parser-feedback-simulator';

// Says of each tag which namespace its element is in.
class Simulator extends ParserFeedbackSimulator {
    namespaceURI = html.NS.HTML;

    onStartTag(token) {
        const before = this.namespaceStack.length;
        const own = this.namespaceStack[0];
        const isEntry = token.tagID === html.TAG_ID.SVG || token.tagID === html.TAG_ID.MATH;
        this.namespaceURI = isEntry ? html.NS[token.tagID === html.TAG_ID.SVG ? 'SVG' : 'MATHML']
            : own !== html.NS.HTML && foreignContent.causesExit(token) ? this.namespaceStack[1] ?? own : own;
        super.onStartTag(token);
        // Most foreign elements that close themselves leave nothing open; the simulator does not know that of <svg/> and <math/>.
        if (isEntry && token.selfClosing && this.namespaceStack.length > before) this._leaveCurrentNamespace();
    }
}

// A token: {kind, start, end, ...}, kind being one of "start", "end", "text", "comment", "doctype". What is in none of them is passed on.
export class Scanner {
    #base = 0; // where #source begins in the document
    #source = '';
    #tokens = [];
    #simulator = new Simulator({ sourceCodeLocationInfo: true }, this);

    // The tokens that |piece| completed; text comes as far as it goes.
    write(piece, isLast = false) {
        this.#source += piece;
        const { tokenizer } = this.#simulator;
        tokenizer.write(piece, isLast);
        if (!isLast) tokenizer.flushCharacters();
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
        this.#source = this.#source.slice(start - this.#base);
        this.#base = start;
    }

    #add(kind, { location: { startOffset: start, endOffset: end } }, more) {
        this.#tokens.push({ kind, start, end, ...more });
    }

    #addText(token) {
        const last = this.#tokens.at(-1);
        const { startOffset, endOffset } = token.location;
        if (last?.kind === 'text' && last.end === startOffset) {
            last.end = endOffset;
        } else if (endOffset > startOffset) {
            this.#add('text', token);
        }
    }

    onStartTag(token) {
        const { namespaceURI } = this.#simulator;
        this.#add('start', token, { isSelfClosing: token.selfClosing, namespaceURI, places: token.location.attrs });
    }

    onEndTag(token) {
        this.#add('end', token);
    }

    onComment(token) {
        this.#add('comment', token);
    }

    onDoctype(token) {
        this.#add('doctype', token, { name: token.name, publicId: token.publicId, systemId: token.systemId });
    }

    onCharacter(token) {
        this.#addText(token);
    }

    onWhitespaceCharacter(token) {
        this.#addText(token);
    }

    onNullCharacter(token) {
        this.#addText(token);
    }

    onEof() {}
}
