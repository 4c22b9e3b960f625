/* works.c - inside the jail: what an executor does all day. Each returns 0, or the line that failed. */
#include "works.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define NEED(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            return __LINE__;                                                                                 \
        }                                                                                                    \
    } while (0)

/* The driver echoes what it hears, until "returned". */
static long echo(const char *text, ssize_t sent)
{
    char heard[64];
    size_t size = strlen(text), got = 0;
    NEED(sent == (ssize_t)size);
    while (got < size) {
        ssize_t piece = read(PROBE_CHANNEL, heard + got, size - got);
        NEED(piece > 0);
        got += (size_t)piece;
    }
    NEED(memcmp(heard, text, size) == 0);
    return 0;
}

long works_channel(void)
{
    char text[] = "two pieces\n";
    struct iovec pieces[2] = {{text, 4}, {text + 4, sizeof(text) - 5}};
    NEED(echo("one piece\n", write(PROBE_CHANNEL, "one piece\n", 10)) == 0);
    NEED(echo(text, writev(PROBE_CHANNEL, pieces, 2)) == 0);
    NEED((fcntl(PROBE_CHANNEL, F_GETFL) & O_ACCMODE) == O_RDWR);
    return 0;
}

long works_send_and_receive(void)
{
    char heard[8];
    NEED(send(PROBE_CHANNEL, "hello\n", 6, MSG_NOSIGNAL) == 6);
    NEED(recv(PROBE_CHANNEL, heard, 6, MSG_WAITALL) == 6 && memcmp(heard, "hello\n", 6) == 0);
    NEED(recv(PROBE_CHANNEL, heard, 6, MSG_DONTWAIT) < 0 && errno == EAGAIN);
    return 0;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long counter;

static void *count(void *unused)
{
    (void)unused;
    prctl(PR_SET_NAME, "counter", 0, 0, 0);
    for (int i = 0; i < 10000; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    pthread_cond_signal(&condition);
    return NULL;
}

long works_threads(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        NEED(pthread_create(&threads[i], NULL, count, NULL) == 0);
    }
    for (int i = 0; i < 4; i++) {
        NEED(pthread_join(threads[i], NULL) == 0);
    }
    NEED(counter == 40000);
    return 0;
}

long works_condition_with_deadline(void)
{
    struct timespec deadline;
    NEED(clock_gettime(CLOCK_REALTIME, &deadline) == 0);
    deadline.tv_nsec = deadline.tv_nsec / 2; /* In the past, or nearly. */
    pthread_mutex_lock(&mutex);
    int result = pthread_cond_timedwait(&condition, &mutex, &deadline);
    pthread_mutex_unlock(&mutex);
    NEED(result == ETIMEDOUT);
    return 0;
}

long works_memory(void)
{
    const size_t size = 64u << 20;
    char *memory = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    NEED(memory != MAP_FAILED);
    NEED(mprotect(memory, 8192, PROT_READ | PROT_WRITE) == 0);
    memory[0] = 7;
    NEED(madvise(memory, 4096, MADV_DONTNEED) == 0 && memory[0] == 0);
    NEED(madvise(memory, 4096, MADV_FREE) == 0);
    unsigned char touched[2] = {0, 0};
    NEED(mincore(memory, 8192, touched) == 0 && (touched[0] & 1) != 0 && (touched[1] & 1) == 0);
    NEED(mmap(memory, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory);
    NEED(munmap(memory, size) == 0);
    char *block = malloc(1 << 20);
    NEED(block != NULL);
    memset(block, 1, 1 << 20);
    block = realloc(block, 16 << 20); /* mremap */
    NEED(block != NULL && block[(1 << 20) - 1] == 1);
    free(block);
    return 0;
}

/* The machine code of "return 42". */
#if defined(__x86_64__)
static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3};
#elif defined(__aarch64__)
static const unsigned char code[] = {0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6};
#endif

static long run_code(char *memory)
{
    int (*function)(void);
    memcpy(&function, &memory, sizeof(function));
    __builtin___clear_cache(memory, memory + sizeof(code));
    NEED(function() == 42);
    return 0;
}

long works_code_written_then_run(void)
{
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(memory != MAP_FAILED);
    memcpy(memory, code, sizeof(code));
    NEED(mprotect(memory, 4096, PROT_READ | PROT_EXEC) == 0);
    return run_code(memory);
}

/* V8 13.6 does this with its 64 MiB code ranges and with wasm code. */
long works_code_writable_and_executable(void)
{
    char *memory = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(memory != MAP_FAILED);
    NEED(mprotect(memory, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
    memcpy(memory, code, sizeof(code));
    return run_code(memory);
}

long works_clocks(void)
{
    struct timespec now, rest = {0, 1000};
    clockid_t thread_clock;
    struct rusage usage;
    NEED(clock_gettime(CLOCK_MONOTONIC, &now) == 0 && now.tv_sec > 0);
    NEED(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    NEED(pthread_getcpuclockid(pthread_self(), &thread_clock) == 0 && clock_gettime(thread_clock, &now) == 0);
    NEED(clock_getres(CLOCK_MONOTONIC, &now) == 0);
    NEED(nanosleep(&rest, NULL) == 0 && clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, NULL) == 0);
    NEED(time(NULL) > 1700000000);
    NEED(getrusage(RUSAGE_SELF, &usage) == 0 && usage.ru_maxrss > 0);
    return 0;
}

long works_randomness(void)
{
    char a[32] = {0}, b[32] = {0};
    NEED(getrandom(a, sizeof(a), 0) == sizeof(a) && getrandom(b, sizeof(b), GRND_NONBLOCK) == sizeof(b));
    NEED(memcmp(a, b, sizeof(a)) != 0);
    return 0;
}

static void *wake(void *fd)
{
    uint64_t one = 1;
    return write(*(int *)fd, &one, sizeof(one)) == sizeof(one) ? NULL : fd;
}

long works_wake_up(void)
{
    pthread_t thread;
    uint64_t value = 0;
    struct epoll_event event = {.events = EPOLLIN};
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    NEED(fd > PROBE_CHANNEL && epoll > PROBE_CHANNEL);
    NEED(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
    NEED(pthread_create(&thread, NULL, wake, &fd) == 0);
    NEED(epoll_wait(epoll, &event, 1, 10000) == 1);
    NEED(read(fd, &value, sizeof(value)) == sizeof(value) && value == 1);
    NEED(pthread_join(thread, NULL) == 0);
    struct pollfd readable = {fd, POLLIN, 0};
    NEED(poll(&readable, 1, 0) == 0);
    NEED(close(epoll) == 0 && close(fd) == 0);
    return 0;
}

static char *forbidden_page;

static void on_fault(int number)
{
    (void)number;
    if (mprotect(forbidden_page, 4096, PROT_READ | PROT_WRITE) < 0) {
        _exit(5); /* Else the write would fault for ever. */
    }
}

/* V8 turns wasm's out-of-bounds faults into traps this way. */
long works_fault_handler(void)
{
    struct sigaction action;
    static char stack_bytes[65536];
    stack_t stack = {.ss_sp = stack_bytes, .ss_size = sizeof(stack_bytes)};
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_fault;
    action.sa_flags = SA_ONSTACK;
    NEED(sigaltstack(&stack, NULL) == 0);
    NEED(sigaction(SIGSEGV, &action, NULL) == 0);
    forbidden_page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(forbidden_page != MAP_FAILED);
    *(volatile char *)forbidden_page = 7;
    NEED(*(volatile char *)forbidden_page == 7);
    return 0;
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Library functions that ask the system for this and that, get a no, and must go on. */
long works_libc_goes_on(void)
{
    static int numbers[5000];
    struct tm parts;
    time_t now = time(NULL);
    pthread_attr_t attributes;
    for (int i = 0; i < 5000; i++) {
        numbers[i] = i * 7919 % 5000;
    }
    qsort(numbers, 5000, sizeof(numbers[0]), compare);
    NEED(numbers[0] == 0 && numbers[4999] == 4999);
    NEED(printf("to the null device\n") > 0 && fflush(stdout) == 0);
    NEED(localtime_r(&now, &parts) != NULL); /* No time zones in here: UTC. */
    NEED(fopen("/etc/localtime", "r") == NULL && errno == ENOENT);
    NEED(sysconf(_SC_PAGESIZE) > 0 && sysconf(_SC_NPROCESSORS_ONLN) >= 1);
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_destroy(&attributes);
    }
    return 0;
}

/* The log may be the operator's terminal: it can be written, and that is all. */
long works_no_second_log_reader(void)
{
    NEED(write(STDERR_FILENO, "", 0) == 0);
    return 0;
}

static void *rest(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

long works_too_many_threads_are_refused(void)
{
    pthread_t threads[PROBE_THREADS_MAX + 1];
    int started = 0, error = 0;
    pthread_mutex_lock(&mutex);
    while (started <= PROBE_THREADS_MAX && error == 0) {
        error = pthread_create(&threads[started], NULL, rest, NULL);
        started += error == 0;
    }
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    NEED(error == EAGAIN);
    NEED(started == PROBE_THREADS_MAX - 1); /* And this one. */
    return 0;
}
