/* The v8::Platform: no threads of its own. What V8 posts is run on the isolate's thread, so that CPU time is exact.
 *
 * Foreground tasks wait for the end of a turn. Work that V8 would give to other threads (tier-up of wasm, mostly) waits
 * for the next interrupt check of the script, or for the end of the turn.
 */
#ifndef MAYFLY_ENGINE_PLATFORM_H
#define MAYFLY_ENGINE_PLATFORM_H

#include <v8-platform.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

struct mf_isolate;

namespace mf
{

class task_queue : public v8::TaskRunner
{
  public:
    bool IdleTasksEnabled() override
    {
        return false;
    }
    bool NonNestableTasksEnabled() const override
    {
        return true;
    }
    bool NonNestableDelayedTasksEnabled() const override
    {
        return true;
    }

    /* Runs what was due when it was called; returns how many that were. */
    size_t run_due();
    /* The same, due or not. */
    size_t run_all();
    /* Drops what waits; nothing is taken after it. */
    void close();

  protected:
    void PostTaskImpl(std::unique_ptr<v8::Task> task, const v8::SourceLocation &location) override;
    void PostNonNestableTaskImpl(std::unique_ptr<v8::Task> task, const v8::SourceLocation &location) override;
    void PostDelayedTaskImpl(std::unique_ptr<v8::Task> task,
                             double delay_in_seconds,
                             const v8::SourceLocation &location) override;
    void PostNonNestableDelayedTaskImpl(std::unique_ptr<v8::Task> task,
                                        double delay_in_seconds,
                                        const v8::SourceLocation &location) override;

  private:
    struct entry {
        std::unique_ptr<v8::Task> task;
        uint64_t due_ns;
    };
    size_t run_until(uint64_t until_ns);
    void push(std::unique_ptr<v8::Task> task, uint64_t due_ns);

    std::mutex mutex_; /* V8 may post from any thread. */
    std::deque<entry> entries_;
    bool is_closed_ = false;
};

/* What one isolate's V8 has posted. */
struct isolate_tasks {
    std::shared_ptr<task_queue> foreground = std::make_shared<task_queue>();
    std::shared_ptr<task_queue> background = std::make_shared<task_queue>();
};

v8::Platform *platform_get();

/* The clock of the worker's Date.now(): frozen for this thread's turn, or the real one (NaN). */
void platform_freeze_clock(double unix_ms);
void platform_thaw_clock();
double platform_clock_ms();

/* The isolate that this thread is working for (enter, new, free), NULL when there is none. */
extern thread_local mf_isolate *isolate_current;

} // namespace mf
#endif
