// Marks and measures, and the observers of them.
//
// Spec:  https://w3c.github.io/user-timing/  https://w3c.github.io/performance-timeline/
// Covers / differs:  entries of the types "mark" and "measure"; there are no others, and none is ever dropped
// Ops:   none (timers.js)
// WPT:   user-timing, performance-timeline
// Limits: none; entries are memory of the run

'use strict';

const { List, NumberIsFinite, ObjectFreeze, ReflectApply, StringPrototypeIncludes, TypeError, defineValue, realm } = primordials;
const { webidl, scope } = realm;
const { domString, dictionary, requireArguments } = webidl;
const { cloneWith } = internals.lazy('structured_clone.js');

const TYPES = ObjectFreeze(['mark', 'measure']);

const now = () => internals.clock() - scope.startedAt;

function illegal(token) {
    if (token !== realm) {
        throw new TypeError('Illegal constructor');
    }
}

function timestamp(value, context) {
    const number = +value;
    if (!NumberIsFinite(number)) {
        throw new TypeError(`${context}: the time is not a finite number.`);
    }
    return number;
}

function cloneDetail(detail) {
    return detail === undefined || detail === null ? null : cloneWith(detail, List()).value;
}

/* ---- entries ------------------------------------------------------------------------------- */

let lastId = 0;
let entryOf;

class PerformanceEntry {
    #id = ++lastId;
    #name;
    #type;
    #startTime;
    #duration;

    constructor(token = undefined, name, type, startTime, duration) {
        illegal(token);
        this.#name = name;
        this.#type = type;
        this.#startTime = startTime;
        this.#duration = duration;
    }

    get id() {
        return this.#id;
    }

    get name() {
        return this.#name;
    }

    get entryType() {
        return this.#type;
    }

    get startTime() {
        return this.#startTime;
    }

    get duration() {
        return this.#duration;
    }

    get navigationId() {
        this.#id;
        return 0;
    }

    toJSON() {
        const entry = {
            id: this.#id, name: this.#name, entryType: this.#type, startTime: this.#startTime, duration: this.#duration,
            navigationId: 0,
        };
        if (detailOf.isThere(this)) {
            defineValue(entry, 'detail', detailOf.get(this), true);
        }
        return entry;
    }

    static {
        entryOf = {
            __proto__: null,
            name: (entry) => entry.#name,
            type: (entry) => entry.#type,
            startTime: (entry) => entry.#startTime,
        };
    }
}

const detailOf = { __proto__: null };

class PerformanceMark extends PerformanceEntry {
    #detail;

    constructor(name, options = undefined) {
        const context = "Failed to construct 'PerformanceMark'";
        requireArguments(arguments.length, 1, context);
        name = domString(name);
        const { detail, startTime } = dictionary(options, context);
        const time = startTime === undefined ? now() : timestamp(startTime, context);
        if (time < 0) {
            throw new TypeError(`${context}: the start time is negative.`);
        }
        super(realm, name, 'mark', time, 0);
        this.#detail = cloneDetail(detail);
    }

    get detail() {
        return this.#detail;
    }

    static {
        detailOf.isMark = (value) => #detail in value;
        detailOf.ofMark = (value) => value.#detail;
    }
}

class PerformanceMeasure extends PerformanceEntry {
    #detail;

    constructor(token = undefined, name, startTime, duration, detail) {
        illegal(token);
        super(realm, name, 'measure', startTime, duration);
        this.#detail = detail;
    }

    get detail() {
        return this.#detail;
    }

    static {
        detailOf.isThere = (value) => detailOf.isMark(value) || #detail in value;
        detailOf.get = (value) => (detailOf.isMark(value) ? detailOf.ofMark(value) : value.#detail);
    }
}

/* ---- the timeline -------------------------------------------------------------------------- */

let buffer = List();
let observers = List();
let isTaskPending = false;

// The entries of |list| with that name and that type, each if it is given, in order of their start, as an array for the worker.
function select(list, name, type) {
    const found = List();
    for (let i = 0; i < list.length; i++) {
        if ((name === undefined || entryOf.name(list[i]) === name) && (type === undefined || entryOf.type(list[i]) === type)) {
            found[found.length] = list[i];
        }
    }
    sortByStart(found);
    const result = [];
    for (let i = 0; i < found.length; i++) {
        defineValue(result, i, found[i], true);
    }
    return result;
}

// Entries come nearly in order: by insertion, from the end.
function sortByStart(list) {
    for (let i = 1; i < list.length; i++) {
        const entry = list[i];
        const time = entryOf.startTime(entry);
        let at = i;
        for (; at > 0 && entryOf.startTime(list[at - 1]) > time; at--) {
            list[at] = list[at - 1];
        }
        list[at] = entry;
    }
}

function entriesOf(name, type) {
    return select(buffer, name === undefined ? name : domString(name), type === undefined ? type : domString(type));
}

function notify() {
    isTaskPending = false;
    const list = observers;
    for (let i = 0; i < list.length; i++) {
        observerOf.deliver(list[i]);
    }
}

function queueTask() {
    if (!isTaskPending) {
        isTaskPending = true;
        realm.afterTurn(notify);
    }
}

function add(entry) {
    buffer[buffer.length] = entry;
    for (let i = 0; i < observers.length; i++) {
        observerOf.see(observers[i], entry);
    }
    if (observers.length > 0) {
        queueTask();
    }
    return entry;
}

function clear(type, name) {
    if (name !== undefined) {
        name = domString(name);
    }
    const kept = List();
    for (let i = 0; i < buffer.length; i++) {
        if (entryOf.type(buffer[i]) !== type || (name !== undefined && entryOf.name(buffer[i]) !== name)) {
            kept[kept.length] = buffer[i];
        }
    }
    buffer = kept;
}

/* ---- measures ------------------------------------------------------------------------------ */

const MEASURE = "Failed to execute 'measure' on 'Performance'";

// The attributes of a page's PerformanceTiming, which are marks in a page and nothing in a worker.
const PAGE_MARKS = ' navigationStart unloadEventStart unloadEventEnd redirectStart redirectEnd fetchStart domainLookupStart ' +
    'domainLookupEnd connectStart connectEnd secureConnectionStart requestStart responseStart responseEnd domLoading ' +
    'domInteractive domContentLoadedEventStart domContentLoadedEventEnd domComplete loadEventStart loadEventEnd ';

// The time of a mark, or a time as it is.
function timeOf(mark) {
    if (typeof mark === 'number') {
        if (mark < 0) {
            throw new TypeError(`${MEASURE}: the time is negative.`);
        }
        return mark;
    }
    if (StringPrototypeIncludes(PAGE_MARKS, ` ${mark} `)) {
        throw new TypeError(`${MEASURE}: '${mark}' belongs to a page.`);
    }
    for (let i = buffer.length - 1; i >= 0; i--) {
        if (entryOf.type(buffer[i]) === 'mark' && entryOf.name(buffer[i]) === mark) {
            return entryOf.startTime(buffer[i]);
        }
    }
    throw realm.domException(`${MEASURE}: the mark '${mark}' does not exist.`, 'SyntaxError');
}

function markOrTime(value) {
    return value === undefined ? value : typeof value === 'number' ? timestamp(value, MEASURE) : domString(value);
}

// {start, duration, end, detail} of measure()'s second argument, those that are there.
function readMeasureOptions(value, endMark) {
    const { detail, duration, end, start } = value;
    const options = {
        __proto__: null, detail, duration: duration === undefined ? duration : timestamp(duration, MEASURE), end: markOrTime(end),
        start: markOrTime(start),
    };
    if (detail === undefined && duration === undefined && end === undefined && start === undefined) {
        return options;
    }
    if (endMark !== undefined) {
        throw new TypeError(`${MEASURE}: an end mark is given besides the options.`);
    }
    if (start === undefined && end === undefined) {
        throw new TypeError(`${MEASURE}: the options have neither a start nor an end.`);
    }
    if (start !== undefined && duration !== undefined && end !== undefined) {
        throw new TypeError(`${MEASURE}: the options have a start, a duration and an end.`);
    }
    return options;
}

function measure(name, startOrOptions, endMark) {
    name = domString(name);
    const isDictionary = startOrOptions === undefined || startOrOptions === null || webidl.isObject(startOrOptions);
    if (endMark !== undefined) {
        endMark = domString(endMark);
    }
    const options = isDictionary ? readMeasureOptions(dictionary(startOrOptions, MEASURE), endMark) : { __proto__: null };
    const startMark = isDictionary ? undefined : domString(startOrOptions);
    const { start, duration } = options;
    let end = endMark ?? options.end;
    end = end !== undefined ? timeOf(end)
        : start !== undefined && duration !== undefined ? timeOf(start) + duration : now();
    let begin = 0;
    if (start !== undefined) {
        begin = timeOf(start);
    } else if (duration !== undefined) {
        begin = end - duration;
    } else if (startMark !== undefined) {
        begin = timeOf(startMark);
    }
    return add(new PerformanceMeasure(realm, name, begin, end - begin, cloneDetail(options.detail)));
}

/* ---- observers ------------------------------------------------------------------------------ */

class PerformanceObserverEntryList {
    #list;

    constructor(token = undefined, list) {
        illegal(token);
        this.#list = list;
    }

    getEntries() {
        return select(this.#list, undefined, undefined);
    }

    getEntriesByType(type) {
        const list = this.#list;
        requireArguments(arguments.length, 1, "Failed to execute 'getEntriesByType' on 'PerformanceObserverEntryList'");
        return select(list, undefined, domString(type));
    }

    getEntriesByName(name, type = undefined) {
        const list = this.#list;
        requireArguments(arguments.length, 1, "Failed to execute 'getEntriesByName' on 'PerformanceObserverEntryList'");
        return select(list, domString(name), type === undefined ? type : domString(type));
    }
}

let observerOf;

class PerformanceObserver {
    #callback;
    #types = { __proto__: null }; // that are observed
    #isSingle = null; // called with "type", or with "entryTypes"; never with both
    #isObserving = false;
    #isFirst = false; // the next callback is told of what was dropped
    #seen = List();

    constructor(callback) {
        requireArguments(arguments.length, 1, "Failed to construct 'PerformanceObserver'");
        this.#callback = webidl.callback(callback, "Failed to construct 'PerformanceObserver'");
    }

    static get supportedEntryTypes() {
        return TYPES;
    }

    observe(options = undefined) {
        this.#callback;
        const context = "Failed to execute 'observe' on 'PerformanceObserver'";
        const { buffered, entryTypes, type } = dictionary(options, context);
        const isBuffered = !!buffered;
        const wanted = entryTypes === undefined ? undefined : webidl.sequenceOf(entryTypes, domString, context);
        const single = type === undefined ? undefined : domString(type);
        if (wanted === undefined && single === undefined) {
            throw new TypeError(`${context}: the options have neither entryTypes nor type.`);
        }
        if (wanted !== undefined && (single !== undefined || buffered !== undefined)) {
            throw new TypeError(`${context}: entryTypes goes with no other option.`);
        }
        const isSingle = single !== undefined;
        if (this.#isSingle !== null && this.#isSingle !== isSingle) {
            throw realm.domException(`${context}: the observer was given ${isSingle ? 'entryTypes' : 'type'} before.`,
                'InvalidModificationError');
        }
        this.#isSingle = isSingle;
        this.#isFirst = true;
        this.#observe(wanted, single, isBuffered);
    }

    #observe(wanted, single, isBuffered) {
        const types = wanted === undefined ? this.#types : { __proto__: null };
        let count = 0;
        for (let i = 0; i < TYPES.length; i++) {
            for (let j = 0; wanted !== undefined && j < wanted.length; j++) {
                if (wanted[j] === TYPES[i]) {
                    types[TYPES[i]] = true;
                    count++;
                }
            }
            if (single === TYPES[i]) {
                types[single] = true;
                count++;
            }
        }
        if (count === 0) {
            return; // nothing that is known
        }
        this.#types = types;
        if (!this.#isObserving) {
            this.#isObserving = true;
            const more = List();
            for (let i = 0; i < observers.length; i++) {
                more[i] = observers[i];
            }
            more[more.length] = this;
            observers = more; // a new one: notify() may be walking the old one
        }
        for (let i = 0; isBuffered && i < buffer.length; i++) {
            if (entryOf.type(buffer[i]) === single) {
                this.#seen[this.#seen.length] = buffer[i];
                queueTask();
            }
        }
    }

    disconnect() {
        this.#callback;
        const rest = List();
        for (let i = 0; i < observers.length; i++) {
            if (observers[i] !== this) {
                rest[rest.length] = observers[i];
            }
        }
        observers = rest;
        this.#isObserving = false;
        this.#isSingle = null;
        this.#types = { __proto__: null };
        this.#seen = List();
    }

    takeRecords() {
        const seen = this.#seen;
        this.#seen = List();
        return select(seen, undefined, undefined);
    }

    static {
        observerOf = {
            __proto__: null,
            see(observer, entry) {
                if (observer.#types[entryOf.type(entry)] === true) {
                    observer.#seen[observer.#seen.length] = entry;
                }
            },
            deliver(observer) {
                const seen = observer.#seen;
                if (seen.length === 0) {
                    return;
                }
                observer.#seen = List();
                const options = {};
                if (observer.#isFirst) {
                    observer.#isFirst = false;
                    defineValue(options, 'droppedEntriesCount', 0, true);
                }
                try {
                    const list = new PerformanceObserverEntryList(realm, seen);
                    ReflectApply(observer.#callback, observer, [list, observer, options]);
                } catch (error) {
                    realm.reportUncaught(error);
                }
            },
        };
    }
}

webidl.finish(PerformanceEntry);
webidl.finish(PerformanceMark);
webidl.finish(PerformanceMeasure);
webidl.finish(PerformanceObserver);
webidl.finish(PerformanceObserverEntryList);

return {
    __proto__: null,
    PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceObserver, PerformanceObserverEntryList,
    mark: (name, options) => add(new PerformanceMark(name, options)), measure, clear, entriesOf,
};
