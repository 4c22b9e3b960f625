import assert from "node:assert/strict";
import { addMonths, differenceInBusinessDays, eachWeekOfInterval, endOfMonth, format, formatDistance, formatISO, intervalToDuration, isValid, parse, parseISO, startOfWeek } from "date-fns";
import { de, ja } from "date-fns/locale";
import { worker } from "./cases.js";

const day = parseISO("2026-01-31T12:34:56Z");

export default worker({
  "formats and parses, in other languages too": () => {
    assert.equal(format(day, "EEEE, do MMMM yyyy 'at' HH:mm:ss xxx"), "Saturday, 31st January 2026 at 12:34:56 +00:00");
    assert.equal(format(day, "PPPP", { locale: de }), "Samstag, 31. Januar 2026");
    assert.equal(format(day, "PPP (eee)", { locale: ja }), "2026\u5e741\u670831\u65e5 (\u571f)");
    assert.equal(formatISO(parse("3/4/2026 05:06 PM", "d/M/yyyy hh:mm a", new Date(0))), "2026-04-03T17:06:00Z");
    assert.equal(isValid(parse("31/02/2026", "dd/MM/yyyy", new Date(0))), false);
  },
  "reckons": () => {
    assert.equal(formatISO(addMonths(day, 1), { representation: "date" }), "2026-02-28");
    assert.equal(formatISO(endOfMonth(addMonths(day, 25)), { representation: "date" }), "2028-02-29");
    assert.equal(differenceInBusinessDays(new Date(2026, 1, 10), new Date(2026, 0, 30)), 7);
    assert.deepEqual(intervalToDuration({ start: new Date(2020, 1, 29), end: new Date(2026, 5, 1, 3) }), { years: 6, months: 3, days: 4, hours: 3 });
    assert.equal(eachWeekOfInterval({ start: new Date(2026, 0, 1), end: new Date(2026, 0, 31) }, { weekStartsOn: 1 }).length, 5);
    assert.equal(startOfWeek(day, { weekStartsOn: 1 }).getDate(), 26);
  },
  "distances in words": () => {
    assert.equal(formatDistance(new Date(2026, 0, 1), new Date(2026, 0, 4), { addSuffix: true }), "3 days ago");
    assert.equal(formatDistance(new Date(2026, 0, 1), new Date(2024, 0, 4), { locale: de, addSuffix: true }), "in fast 2 Jahren");
  },
});
