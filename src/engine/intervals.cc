#include "intervals.h"

#include <algorithm>

namespace mf
{

size_t intervals::missing(uintptr_t start, uintptr_t end) const
{
    size_t found = 0;
    for (const range &r : ranges_) {
        uintptr_t from = std::max(r.start, start);
        uintptr_t to = std::min(r.end, end);
        if (from < to) {
            found += to - from;
        }
    }
    return end - start - found;
}

size_t intervals::add(uintptr_t start, uintptr_t end)
{
    size_t added = missing(start, end);
    if (added == 0) {
        return 0;
    }
    /* Every range that touches the new one melts into it. */
    auto first = std::find_if(ranges_.begin(), ranges_.end(), [&](const range &r) { return r.end >= start; });
    auto last = first;
    range merged = {start, end};
    while (last != ranges_.end() && last->start <= end) {
        merged.start = std::min(merged.start, last->start);
        merged.end = std::max(merged.end, last->end);
        ++last;
    }
    if (first == last) {
        ranges_.insert(first, merged);
    } else {
        *first = merged;
        ranges_.erase(first + 1, last);
    }
    total_ += added;
    return added;
}

size_t intervals::remove(uintptr_t start, uintptr_t end)
{
    size_t removed = end - start - missing(start, end);
    if (removed == 0) {
        return 0;
    }
    std::vector<range> kept;
    kept.reserve(ranges_.size() + 1);
    for (const range &r : ranges_) {
        if (r.end <= start || r.start >= end) {
            kept.push_back(r);
            continue;
        }
        if (r.start < start) {
            kept.push_back({r.start, start});
        }
        if (r.end > end) {
            kept.push_back({end, r.end});
        }
    }
    ranges_.swap(kept);
    total_ -= removed;
    return removed;
}

} // namespace mf
