/* Which parts of one reservation are committed: a short sorted list of ranges, exact to the byte. */
#ifndef MAYFLY_ENGINE_INTERVALS_H
#define MAYFLY_ENGINE_INTERVALS_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mf
{

struct range {
    uintptr_t start;
    uintptr_t end;
};

class intervals
{
  public:
    /* Both return how many bytes changed sides. */
    size_t add(uintptr_t start, uintptr_t end);
    size_t remove(uintptr_t start, uintptr_t end);
    /* How many bytes of [start, end) are not in the list. */
    size_t missing(uintptr_t start, uintptr_t end) const;

    const std::vector<range> &ranges() const
    {
        return ranges_;
    }
    size_t total() const
    {
        return total_;
    }
    void clear()
    {
        ranges_.clear();
        total_ = 0;
    }

  private:
    std::vector<range> ranges_;
    size_t total_ = 0;
};

} // namespace mf
#endif
