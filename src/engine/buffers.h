/* The allocator of one isolate's ArrayBuffers: zeroed, counted as external, refused past the run's limit. */
#ifndef MAYFLY_ENGINE_BUFFERS_H
#define MAYFLY_ENGINE_BUFFERS_H

#include <v8-array-buffer.h>

#include <memory>

#include "account.h"

namespace mf
{

class buffers : public v8::ArrayBuffer::Allocator
{
  public:
    explicit buffers(std::shared_ptr<account> owner);

    void *Allocate(size_t size) override;
    void *AllocateUninitialized(size_t size) override;
    void Free(void *data, size_t size) override;

  private:
    std::shared_ptr<account> owner_;
};

} // namespace mf
#endif
