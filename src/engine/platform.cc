#include "platform.h"

#include <cmath>
#include <limits>

#include <mayfly/base.h>

#include "isolate.h"
#include "pages.h"

namespace mf
{

thread_local mf_isolate *isolate_current = nullptr;
static thread_local double frozen_ms = std::numeric_limits<double>::quiet_NaN();

void platform_freeze_clock(double unix_ms)
{
    frozen_ms = unix_ms;
}

void platform_thaw_clock()
{
    frozen_ms = std::numeric_limits<double>::quiet_NaN();
}

double platform_clock_ms()
{
    return std::isnan(frozen_ms) ? static_cast<double>(mf_clock_unix_ms()) : frozen_ms;
}

/* ---- queue --------------------------------------------------------------------------------- */

void task_queue::push(std::unique_ptr<v8::Task> task, uint64_t due_ns)
{
    std::lock_guard<std::mutex> lock(mutex_);
    if (!is_closed_ && entries_.size() < MF_ENGINE_TASKS_MAX) {
        entries_.push_back({std::move(task), due_ns});
    }
}

size_t task_queue::run_due()
{
    return run_until(mf_clock_now_ns());
}

size_t task_queue::run_all()
{
    return run_until(UINT64_MAX);
}

size_t task_queue::run_until(uint64_t until_ns)
{
    std::vector<std::unique_ptr<v8::Task>> due;
    {
        std::lock_guard<std::mutex> lock(mutex_);
        std::deque<entry> later;
        for (entry &one : entries_) {
            if (one.due_ns <= until_ns) {
                due.push_back(std::move(one.task));
            } else {
                later.push_back(std::move(one));
            }
        }
        entries_.swap(later);
    }
    for (auto &task : due) {
        task->Run();
    }
    return due.size();
}

void task_queue::close()
{
    std::deque<entry> dropped; /* Destroyed after the lock is gone: a task may post from its destructor. */
    std::lock_guard<std::mutex> lock(mutex_);
    is_closed_ = true;
    dropped.swap(entries_);
}

void task_queue::PostTaskImpl(std::unique_ptr<v8::Task> task, const v8::SourceLocation &)
{
    push(std::move(task), 0);
}

void task_queue::PostNonNestableTaskImpl(std::unique_ptr<v8::Task> task, const v8::SourceLocation &)
{
    push(std::move(task), 0);
}

static uint64_t due_after(double delay_in_seconds)
{
    return mf_clock_now_ns() + static_cast<uint64_t>(std::fmax(delay_in_seconds, 0) * 1e9);
}

void task_queue::PostDelayedTaskImpl(std::unique_ptr<v8::Task> task,
                                     double delay_in_seconds,
                                     const v8::SourceLocation &)
{
    push(std::move(task), due_after(delay_in_seconds));
}

void task_queue::PostNonNestableDelayedTaskImpl(std::unique_ptr<v8::Task> task,
                                                double delay_in_seconds,
                                                const v8::SourceLocation &)
{
    push(std::move(task), due_after(delay_in_seconds));
}

/* ---- jobs ---------------------------------------------------------------------------------- */

/* Work in parts: all of it is done by whoever joins, or by a background task of the isolate. */
struct job_state : v8::JobDelegate {
    explicit job_state(std::unique_ptr<v8::JobTask> task_arg) : task(std::move(task_arg))
    {
    }

    bool ShouldYield() override
    {
        return false;
    }
    void NotifyConcurrencyIncrease() override
    {
    }
    uint8_t GetTaskId() override
    {
        return 0;
    }
    bool IsJoiningThread() const override
    {
        return is_joining;
    }

    bool has_work() const
    {
        return task && !is_running && task->GetMaxConcurrency(0) > 0;
    }
    void run(bool joining)
    {
        is_joining = joining;
        while (has_work()) {
            is_running = true;
            task->Run(this);
            is_running = false;
        }
    }

    std::unique_ptr<v8::JobTask> task;
    bool is_joining = false;
    bool is_running = false;
    bool is_posted = false;
};

struct run_job : v8::Task {
    explicit run_job(std::shared_ptr<job_state> state_arg) : state(std::move(state_arg))
    {
    }
    void Run() override
    {
        state->is_posted = false;
        state->run(false);
    }
    std::shared_ptr<job_state> state;
};

struct job_handle : v8::JobHandle {
    explicit job_handle(std::unique_ptr<v8::JobTask> task)
        : state(std::make_shared<job_state>(std::move(task)))
    {
    }

    void NotifyConcurrencyIncrease() override
    {
        if (state && !state->is_posted && state->has_work()) {
            state->is_posted = true;
            platform_get()->PostTaskOnWorkerThread(v8::TaskPriority::kUserVisible,
                                                   std::make_unique<run_job>(state));
        }
    }
    void Join() override
    {
        state->run(true);
        Cancel();
    }
    void Cancel() override
    {
        if (state) {
            if (!state->is_running) {
                state->task.reset();
            }
            state.reset();
        }
    }
    void CancelAndDetach() override
    {
        Cancel();
    }
    bool IsActive() override
    {
        return state && state->has_work();
    }
    bool IsValid() override
    {
        return state != nullptr;
    }

    std::shared_ptr<job_state> state;
};

/* ---- platform ------------------------------------------------------------------------------ */

/* For what V8 does while no isolate of ours is current (initialisation): dropped. */
struct closed_queue : task_queue {
    closed_queue()
    {
        close();
    }
};

class platform : public v8::Platform
{
  public:
    v8::PageAllocator *GetPageAllocator() override
    {
        return pages_allocator();
    }
    int NumberOfWorkerThreads() override
    {
        return 0;
    }
    std::shared_ptr<v8::TaskRunner> GetForegroundTaskRunner(v8::Isolate *, v8::TaskPriority) override
    {
        if (isolate_current) {
            return isolate_current->tasks.foreground;
        }
        return nobody_;
    }
    double MonotonicallyIncreasingTime() override
    {
        return static_cast<double>(mf_clock_now_ns()) / 1e9;
    }
    double CurrentClockTimeMillis() override
    {
        return platform_clock_ms();
    }
    v8::TracingController *GetTracingController() override
    {
        return &tracing_;
    }

  protected:
    std::unique_ptr<v8::JobHandle>
    CreateJobImpl(v8::TaskPriority, std::unique_ptr<v8::JobTask> task, const v8::SourceLocation &) override
    {
        return std::make_unique<job_handle>(std::move(task));
    }
    void PostTaskOnWorkerThreadImpl(v8::TaskPriority,
                                    std::unique_ptr<v8::Task> task,
                                    const v8::SourceLocation &) override
    {
        if (!isolate_current) {
            task->Run();
            return;
        }
        isolate_current->tasks.background->PostTask(std::move(task));
        isolate_ask_background(isolate_current);
    }
    void PostDelayedTaskOnWorkerThreadImpl(v8::TaskPriority,
                                           std::unique_ptr<v8::Task> task,
                                           double delay_in_seconds,
                                           const v8::SourceLocation &) override
    {
        if (isolate_current) {
            isolate_current->tasks.background->PostDelayedTask(std::move(task), delay_in_seconds);
        }
    }

  private:
    std::shared_ptr<v8::TaskRunner> nobody_ = std::make_shared<closed_queue>();
    v8::TracingController tracing_;
};

v8::Platform *platform_get()
{
    static platform *instance = new platform; /* Outlives every static: V8 may post until the process ends. */
    return instance;
}

} // namespace mf
