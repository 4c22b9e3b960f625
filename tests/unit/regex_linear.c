/* A search takes time in proportion to its text, for every expression that is taken: counted in instructions of the processor, not in time.
 * A child searches, its parent lets it go on one instruction at a time and counts all of them, whoever's code they are. */
#include "check.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mayfly/regex.h>

#define WARM_BYTES 64
#define STATES_MAX                                                                                           \
    10000 /* Instructions: for states that only the longer text meets. A search of 1,024 bytes in their square takes 500,000. */

/* What others run for years on: |unit| again and again, and |tail| behind it. */
static const struct {
    const char *pattern;
    const char *unit;
    const char *tail;
} cases[] = {
    {"(a+)+$", "a", "!"},
    {"([a-zA-Z]+)*$", "a", "!"},
    {"(a|aa)+$", "a", "!"},
    {"(a|a)*b", "a", ""},
    {"(a|a?)+$", "a", "!"},
    {"(.*)*x", "a", ""},
    {"((a*)*)*b", "a", ""},
    {"(x+x+)+y", "x", ""},
    {"a*a*a*a*a*a*a*b", "a", ""},
    {"(a?){8}a{8}$", "a", "!"},
    {"(a?){8}a{8}b", "a", ""},
    {"(a?){16}a{16}$", "a", "!"},
    {"(a{1,4}){1,4}b", "a", ""},
    {"((a{0,2}){0,2}){0,2}b", "a", ""},
    {"\\s+$", " ", "x"},
    {"^\\s+|\\s+$", " ", "x"},
    {"[ \\t]+[^ ]*$", " ", "\tx y"},
    {".*.*=.*", "x", ""},
    {"x*.*.*=.*;", "x=", ""},
    {"^(([a-z])+.)+[A-Z]([a-z])+$", "a", ""},
    {"^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@)$", "a", "!"},
    {"(?:a(?:a(?:a|$)|$)|$)+b", "a", ""},
    {"(a|b)*a(a|b){4}c", "abba", ""},
    {"[ab]*a[ab]{8}c", "ab", "aab"},
    {"(?i)(\\w+\\s*)+:", "word ", ""},
    {"(\\d+)*\\.(\\d+)*$", "1", "x"},
    {"<(\\w+)[^>]*>.*<\\/\\w+>", "<a>", ""},
    {"([\\u00e0-\\u00ff]+\\d*)+!", "\xc3\xa9", ""},
    {"\\b(?:\\w+\\W+)+end$", "a b ", ""},
    {"([^\"]|\\\\.)*\"$", "\\", "x"},
    {"(a*)*|b*$|(ab)*c", "ab", ""},
    {"^$|x$", "ab\n", ""}, /* Many lines. */
    {"(.*,){11}P", "1,", ""},
};

/* The first search builds what every one needs, the second is counted. */
static void search(const struct mf_regex *regex, struct mf_slice text)
{
    volatile int64_t at =
        mf_regex_find(regex, mf_slice_of(text.data, text.size < WARM_BYTES ? text.size : WARM_BYTES));

    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
        _exit(2);
    }
    (void)raise(SIGSTOP);
    at = mf_regex_find(regex, text);
    (void)at;
    (void)raise(SIGSTOP);
    _exit(0);
}

/* From one SIGSTOP of the child to the next. 0: nobody may trace here. */
static uint64_t count_instructions(const struct mf_regex *regex, struct mf_slice text)
{
    uint64_t count = 0;
    int status = 0;
    pid_t child = fork();

    MF_CHECK(child >= 0);
    if (child == 0) {
        search(regex, text);
    }
    MF_CHECK(waitpid(child, &status, 0) == child);
    if (!WIFSTOPPED(status)) {
        return 0;
    }
    do {
        MF_CHECK(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0);
        MF_CHECK(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
        count++;
    } while (WSTOPSIG(status) == SIGTRAP);
    MF_CHECK_INT(WSTOPSIG(status), SIGSTOP);
    (void)kill(child, SIGKILL);
    MF_CHECK(waitpid(child, &status, 0) == child);
    return count;
}

/* |ret_text|: at least |size| bytes of the unit, and the tail. */
static void make_text(struct mf_buf *ret_text, size_t size, const char *unit, const char *tail)
{
    mf_buf_init(ret_text, size + 64);
    while (ret_text->size < size) {
        MF_CHECK_INT(mf_buf_append_cstr(ret_text, unit), 0);
    }
    MF_CHECK_INT(mf_buf_append_cstr(ret_text, tail), 0);
}

static void test_instructions_grow_with_the_text(void)
{
    const size_t sizes[] = {256, 512, 1024};

    for (size_t i = 0; i < MF_COUNT_OF(cases); i++) {
        uint64_t counts[MF_COUNT_OF(sizes)] = {0};
        struct mf_buf why;
        struct mf_regex *regex = NULL;
        mf_buf_init(&why, 512);
        MF_CHECK_INT(
            mf_regex_new(mf_slice_of_cstr(cases[i].pattern), &(struct mf_regex_options){0}, &regex, &why), 0);
        for (size_t k = 0; k < MF_COUNT_OF(sizes); k++) {
            struct mf_buf text;
            make_text(&text, sizes[k], cases[i].unit, cases[i].tail);
            counts[k] = count_instructions(regex, mf_buf_peek(&text));
            mf_buf_done(&text);
            if (counts[k] == 0) {
                printf("# skipped: nobody may trace here\n");
                exit(77);
            }
        }
        printf("# %s: %llu, %llu, %llu instructions\n", cases[i].pattern, (unsigned long long)counts[0],
               (unsigned long long)counts[1], (unsigned long long)counts[2]);
        MF_CHECK(counts[1] <= counts[0] * 22 / 10 + STATES_MAX);
        MF_CHECK(counts[2] <= counts[1] * 22 / 10 + STATES_MAX);
        mf_regex_free(regex);
        mf_buf_done(&why);
    }
}

/* Parent and child take turns, which is much faster on one processor. */
static void stay_here(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)sched_getcpu(), &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

int main(void)
{
    stay_here();
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* Children inherit nothing unsaid. */
    MF_RUN(test_instructions_grow_with_the_text);
    return 0;
}
