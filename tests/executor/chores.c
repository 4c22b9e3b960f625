/* The threads for chores, alone: everything is done, also what is asked for while one works, and a lost thread is replaced. */
#include "check.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#include "chores.h"

#define PIECES 20000u
#define CALLERS 4u
#define NEVER_MS 3600000u

static atomic_uint wanted, done, parked;
static sem_t news;

static atomic_uint rests;

static void rest(void *user)
{
    (void)user;
    atomic_fetch_add(&rests, 1);
    sem_post(&news);
}

static void open_chores(struct mf_chores *chores,
                        size_t count,
                        bool (*on_chore)(void *user),
                        void *user,
                        uint32_t rest_ms)
{
    const struct mf_chores_options options = {
        .count = count,
        .stack_bytes = 262144,
        .user = user,
        .on_chore = on_chore,
        .on_rest = rest,
        .rest_ms = rest_ms,
    };

    atomic_store(&wanted, 0);
    atomic_store(&done, 0);
    atomic_store(&parked, 0);
    MF_CHECK_INT(sem_init(&news, 0, 0), 0);
    MF_CHECK_INT(mf_chores_start(chores, &options), 0);
}

static bool one_piece(void *user)
{
    unsigned left = atomic_load(&wanted);

    (void)user;
    do {
        if (left == 0) {
            sem_post(&news);
            return false;
        }
    } while (!atomic_compare_exchange_weak(&wanted, &left, left - 1));
    atomic_fetch_add(&done, 1);
    return true;
}

static void *ask(void *argument)
{
    struct mf_chores *chores = argument;

    for (unsigned i = 0; i < PIECES / CALLERS; i++) {
        atomic_fetch_add(&wanted, 1);
        mf_chores_kick(chores);
    }
    return NULL;
}

/* A wish that came while the last one was being fulfilled is not forgotten. */
static void test_nothing_is_forgotten(void)
{
    struct mf_chores chores;
    pthread_t callers[CALLERS];

    open_chores(&chores, 2, one_piece, NULL, NEVER_MS);
    for (size_t i = 0; i < CALLERS; i++) {
        MF_CHECK_INT(pthread_create(&callers[i], NULL, ask, &chores), 0);
    }
    for (size_t i = 0; i < CALLERS; i++) {
        MF_CHECK_INT(pthread_join(callers[i], NULL), 0);
    }
    while (atomic_load(&done) < PIECES) {
        MF_CHECK_INT(sem_wait(&news), 0);
    }
    mf_chores_stop(&chores);
    MF_CHECK_INT(atomic_load(&done), PIECES);
}

static bool lose_the_first(void *user)
{
    struct mf_chores *chores = user;

    if (atomic_fetch_add(&parked, 1) == 0) {
        mf_chores_lose_current(chores);
        mf_chores_kick(chores);
        for (;;) {
            pause();
        }
    }
    sem_post(&news);
    return false;
}

static void test_a_lost_thread_is_replaced(void)
{
    static struct mf_chores chores; /* The lost thread never lets go of it. */

    open_chores(&chores, 1, lose_the_first, &chores, NEVER_MS);
    mf_chores_kick(&chores);
    MF_CHECK_INT(sem_wait(&news), 0);
    mf_chores_lose_current(&chores); /* This thread is none of them. */
    mf_chores_stop(&chores);
    MF_CHECK_INT(atomic_load(&parked), 2);
}

static bool nothing(void *user)
{
    (void)user;
    return false;
}

/* Once after each work, however long it lasts. */
static void test_rest(void)
{
    struct mf_chores chores;

    atomic_store(&rests, 0);
    open_chores(&chores, 2, nothing, NULL, 20);
    for (unsigned i = 1; i <= 3; i++) {
        MF_CHECK_INT(sem_wait(&news), 0);
        MF_CHECK_INT(atomic_load(&rests), i);
        mf_chores_kick(&chores);
    }
    mf_chores_stop(&chores);
    MF_CHECK(atomic_load(&rests) <= 4);
}

int main(void)
{
    MF_RUN(test_nothing_is_forgotten);
    MF_RUN(test_a_lost_thread_is_replaced);
    MF_RUN(test_rest);
    return 0;
}
