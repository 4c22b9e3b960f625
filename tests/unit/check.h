/* check.h - the whole unit test framework: MF_CHECK prints and ends the program; main() calls test functions. */
#ifndef MAYFLY_TESTS_CHECK_H
#define MAYFLY_TESTS_CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MF_CHECK(condition)                                                                                  \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: %s: failed: %s\n", __FILE__, __LINE__, __func__, #condition);            \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#define MF_CHECK_INT(actual, expected)                                                                       \
    do {                                                                                                     \
        long long check_a = (long long)(actual);                                                             \
        long long check_e = (long long)(expected);                                                           \
        if (check_a != check_e) {                                                                            \
            fprintf(stderr,                                                                                  \
                    "%s:%d: %s: %s is %lld, expected %lld\n",                                                \
                    __FILE__,                                                                                \
                    __LINE__,                                                                                \
                    __func__,                                                                                \
                    #actual,                                                                                 \
                    check_a,                                                                                 \
                    check_e);                                                                                \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#define MF_CHECK_TEXT(actual_slice, expected_text)                                                           \
    do {                                                                                                     \
        struct mf_slice check_s = (actual_slice);                                                            \
        if (!mf_slice_equal_cstr(check_s, expected_text)) {                                                  \
            fprintf(stderr,                                                                                  \
                    "%s:%d: %s: %s is \"%.*s\", expected \"%s\"\n",                                          \
                    __FILE__,                                                                                \
                    __LINE__,                                                                                \
                    __func__,                                                                                \
                    #actual_slice,                                                                           \
                    (int)check_s.size,                                                                       \
                    (const char *)check_s.data,                                                              \
                    expected_text);                                                                          \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#define MF_RUN(test)                                                                                         \
    do {                                                                                                     \
        test();                                                                                              \
        printf("ok %s\n", #test);                                                                            \
    } while (0)

#endif
