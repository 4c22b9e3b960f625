// diff.mjs - two texts as a unified diff, in the form of @cloudflare/shell: lines are what stands between newlines, counts are always
// told. The shortest way is Myers'.

const LINES_MAX = 10_000; // of each side, as there
const EDITS_MAX = 2000; // lines on the shortest way; it takes their square in numbers, 16 MiB. Past it the rest is replaced as a whole

// How far the diagonals come with each number of edits, and the edits that reach the end or are too many.
function walk(before, after) {
    const rows = [];
    let row = [0, 0, 0]; // of the diagonals -1 to 1
    const at = (from, d, k) => from[k + d + 1]; // of d edits, -d - 1 to d + 1
    for (let d = 0; ; d++) {
        const next = new Int32Array(2 * d + 5).fill(-1);
        let best = 0;
        for (let k = -d; k <= d; k += 2) {
            let x = d === 0 ? 0 : k === -d || (k !== d && at(row, d - 1, k - 1) < at(row, d - 1, k + 1)) ? at(row, d - 1, k + 1) : at(row, d - 1, k - 1) + 1;
            while (x < before.length && x - k < after.length && before[x] === after[x - k]) x++;
            next[k + d + 1] = x;
            if (x <= before.length && x - k <= after.length && 2 * x - k > 2 * at(next, d, best) - best) best = k;
            if (x >= before.length && x - k >= after.length) return { rows, d, k, x };
        }
        if (d === EDITS_MAX) return { rows, d, k: best, x: at(next, d, best) };
        rows.push(next);
        row = next;
    }
}

// In order: {type: " " | "-" | "+", a, b}, places in the two.
function editsOf(before, after) {
    const { rows, d: last, k: end, x: reached } = walk(before, after);
    const edits = [];
    let x = reached, y = reached - end;
    for (let d = last; d > 0; d--) {
        const row = rows[d - 1];
        const value = (k) => row[k + d]; // rows[d - 1] is of d - 1 edits
        const k = x - y;
        const from = k === -d || (k !== d && value(k - 1) < value(k + 1)) ? k + 1 : k - 1;
        const fromX = value(from), fromY = fromX - from;
        while (x > fromX && y > fromY) edits.push({ type: ' ', a: --x, b: --y });
        edits.push(x === fromX ? { type: '+', a: x, b: --y } : { type: '-', a: --x, b: y });
    }
    while (x > 0) edits.push({ type: ' ', a: --x, b: --y });
    edits.reverse();
    for (let a = reached; a < before.length; a++) edits.push({ type: '-', a, b: reached - end });
    for (let b = reached - end; b < after.length; b++) edits.push({ type: '+', a: before.length, b });
    return edits;
}

function writeHunk(out, edits, before, after, start, end) {
    const lines = [];
    let countBefore = 0, countAfter = 0;
    for (let i = start; i <= end; i++) {
        const { type, a, b } = edits[i];
        lines.push(type + (type === '+' ? after[b] : before[a]));
        countBefore += type === '+' ? 0 : 1;
        countAfter += type === '-' ? 0 : 1;
    }
    out.push(`@@ -${edits[start].a + 1},${countBefore} +${edits[start].b + 1},${countAfter} @@`, ...lines);
}

export function unified(from, to, fromName, toName, context = 3) {
    const before = from.split('\n'), after = to.split('\n');
    if (before.length > LINES_MAX || after.length > LINES_MAX) {
        throw Object.assign(new Error(`EFBIG: content too large for diff (max ${LINES_MAX} lines)`), { code: 'EFBIG' });
    }
    if (from === to) return '';
    const edits = editsOf(before, after);
    const changes = edits.flatMap(({ type }, i) => (type === ' ' ? [] : [i]));
    const out = [`--- ${fromName}`, `+++ ${toName}`];
    for (let i = 0; i < changes.length;) {
        const start = Math.max(0, changes[i] - context);
        let end = changes[i] + context;
        for (i++; i < changes.length && changes[i] - context <= end + 1; i++) end = changes[i] + context;
        writeHunk(out, edits, before, after, start, Math.min(edits.length - 1, end));
    }
    return out.join('\n');
}
