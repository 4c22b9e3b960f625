// selector.mjs - CSS selectors, matched while elements open and close: what an element needs to know of its ancestors is a short list
// that its parent left, however deep it is.
import { parse } from 'css-what';

const fail = (text) => {
    throw new TypeError(`Parser error: ${text}`);
};

// Attributes whose values HTML compares without regard to case.
const FOLDED = new Set(('accept accept-charset align alink axis bgcolor charset checked clear codetype color compact declare defer dir direction ' +
    'disabled enctype face frame hreflang http-equiv lang language link media method multiple nohref noresize noshade nowrap readonly rel rev rules ' +
    'scope scrolling selected shape target text type valign valuetype vlink').split(' '));
const NTH = /^\s*(?:(odd|even)|([+-]?\d*)n\s*(?:([+-])\s*(\d+))?|([+-]?\d+))\s*$/i;

// "An+B" as a function of a place that counts from 1.
function nth(formula) {
    const match = NTH.exec(formula) ?? fail('Invalid selector: unsupported syntax in :nth.');
    const [, word, step, sign, offset, place] = match;
    let a = 0;
    let b = 0;
    if (word !== undefined) {
        a = 2;
        b = word.toLowerCase() === 'odd' ? 1 : 0;
    } else if (place !== undefined) {
        b = Number(place);
    } else {
        a = /\d/.test(step) ? Number(step) : step === '-' ? -1 : 1;
        b = offset === undefined ? 0 : Number(`${sign}${offset}`);
    }
    return (at) => (a === 0 ? at === b : (at - b) % a === 0 && (at - b) / a >= 0);
}

function attributeTest({ name, action, value, ignoreCase }) {
    const key = name.toLowerCase();
    const isFolded = ignoreCase === true || (ignoreCase === null && FOLDED.has(key));
    const fold = isFolded ? (text) => text.toLowerCase() : (text) => text;
    const wanted = fold(value);
    const tests = {
        exists: () => true,
        equals: (text) => text === wanted,
        element: (text) => wanted !== '' && !/\s/.test(wanted) && text.split(/[\t\n\f\r ]+/).includes(wanted),
        start: (text) => wanted !== '' && text.startsWith(wanted),
        end: (text) => wanted !== '' && text.endsWith(wanted),
        any: (text) => wanted !== '' && text.includes(wanted),
        hyphen: (text) => text === wanted || text.startsWith(`${wanted}-`),
    };
    const test = Object.hasOwn(tests, action) ? tests[action] : fail('Unexpected token in selector.');
    return (element) => {
        const found = element.attribute(key);
        return found !== null && test(fold(found));
    };
}

function pseudoTest({ name, data }) {
    switch (name) {
        case 'first-child': return (element) => element.place() === 1;
        case 'first-of-type': return (element) => element.placeOfType() === 1;
        case 'nth-child': case 'nth-of-type': {
            const isPlace = nth(typeof data === 'string' ? data : '');
            return name === 'nth-child' ? (element) => isPlace(element.place()) : (element) => isPlace(element.placeOfType());
        }
        case 'not': {
            const inner = data.map((one) => compoundTest(one.some((token) => isCombinator(token)) ? fail('Unexpected token in selector.') : one));
            return (element) => !inner.some((test) => test(element));
        }
        default: return fail('Unsupported pseudo-class or pseudo-element in selector.');
    }
}

function simpleTest(token) {
    if ((token.namespace ?? null) !== null && token.namespace !== '*') fail('Namespaces are not supported in selectors.');
    switch (token.type) {
        case 'universal': return () => true;
        case 'tag': {
            const name = token.name.toLowerCase();
            return (element) => element.name() === name;
        }
        case 'attribute': return attributeTest(token);
        case 'pseudo': return pseudoTest(token);
        default: return fail('Unsupported pseudo-class or pseudo-element in selector.');
    }
}

const COMBINATORS = { adjacent: '+', child: '>', descendant: ' ', parent: '<', sibling: '~', 'column-combinator': '||' };
const isCombinator = (token) => Object.hasOwn(COMBINATORS, token.type);

function compoundTest(tokens) {
    const tests = tokens.map(simpleTest);
    return tests.length === 1 ? tests[0] : (element) => tests.every((test) => test(element));
}

// One of a list of selectors as steps: {test, isChild}; isChild is of the step's combinator to the one before.
function stepsOf(tokens) {
    const steps = [];
    let compound = [];
    let isChild = false;
    const close = () => {
        if (compound.length === 0) fail('Unexpected end of selector.');
        steps.push({ test: compoundTest(compound), isChild });
        compound = [];
    };
    for (const token of tokens) {
        if (!isCombinator(token)) {
            compound.push(token);
            continue;
        }
        close();
        if (token.type !== 'child' && token.type !== 'descendant') fail(`Unsupported combinator \`${COMBINATORS[token.type]}\` in selector.`);
        isChild = token.type === 'child';
    }
    close();
    return steps;
}

// {selectors, isCounting} of |text|: each selector a list of steps; whether places among siblings matter. Throws a TypeError.
export function compile(text) {
    if (text.trim() === '') fail('The selector is empty.');
    let parsed;
    try {
        parsed = parse(text);
    } catch (error) {
        fail(`Unexpected token in selector: ${error.message}`);
    }
    return { selectors: parsed.map(stepsOf), isCounting: /:(?:first|nth)-/i.test(text) };
}

const NONE = [];

// Matches rules, [{selectors}]. What an element leaves to its children: {below: [state], children: [state]}, a state being the next step
// of a selector whose steps before it matched above.
export class Matcher {
    #first = []; // states that any element may match

    constructor(rules) {
        for (const rule of rules) {
            for (const steps of rule.selectors) this.#first.push({ rule, steps, at: 0 });
        }
    }

    // The rules that |element| matches, in their order, and what it leaves; |parent| is what its parent left, or undefined.
    match(element, parent) {
        const inherited = parent?.below ?? NONE;
        const found = { matched: NONE, below: inherited, children: NONE };
        this.#advance(this.#first, element, found);
        this.#advance(inherited, element, found);
        this.#advance(parent?.children ?? NONE, element, found);
        const { matched, below, children } = found;
        // Most elements leave what their parent left, or nothing.
        return { matched, left: children === NONE && below === inherited && parent?.children === NONE ? parent : { below, children } };
    }

    // Tries |states| on |element|; what comes of it is added to |found|, whose lists are others' and copied first.
    #advance(states, element, found) {
        for (const { rule, steps, at } of states) {
            if (!steps[at].test(element)) continue;
            const next = steps[at + 1];
            if (next === undefined) {
                if (!found.matched.includes(rule)) found.matched = [...found.matched, rule];
            } else if (next.isChild) {
                if (!found.children.some((one) => one.steps[one.at] === next)) found.children = [...found.children, { rule, steps, at: at + 1 }];
            } else if (!found.below.some((one) => one.steps[one.at] === next)) {
                found.below = [...found.below, { rule, steps, at: at + 1 }];
            }
        }
    }
}
