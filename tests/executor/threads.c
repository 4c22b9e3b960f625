/* The threads that run turns, alone: what is held back until all frames are read, and a turn that asks for another one. */
#include "check.h"

#include <semaphore.h>
#include <stdatomic.h>

#include "threads.h"

#define TURNS 16u
#define AGAIN 1000u

static struct mf_threads threads;
static struct mf_waker waker;
static struct mf_turn turns[TURNS];
static atomic_uint begun, again;
static sem_t gate, news;

static void begin(size_t base, void (*on_turn)(void *user, struct mf_turn *turn))
{
    const struct mf_threads_options options = {
        .base = base, .max = base, .stack_bytes = 262144, .on_turn = on_turn};

    atomic_store(&begun, 0);
    MF_CHECK_INT(sem_init(&gate, 0, 0), 0);
    MF_CHECK_INT(sem_init(&news, 0, 0), 0);
    MF_CHECK_INT(mf_waker_init(&waker), 0);
    MF_CHECK_INT(mf_threads_start(&threads, &waker, &options), 0);
}

static void end(void)
{
    mf_threads_stop(&threads);
    mf_waker_done(&waker);
    MF_CHECK_INT(sem_destroy(&gate), 0);
    MF_CHECK_INT(sem_destroy(&news), 0);
}

static void submit(unsigned i)
{
    mf_list_init(&turns[i].list);
    mf_threads_submit(&threads, &turns[i]);
}

static void wait_for(sem_t *sem, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        MF_CHECK_INT(sem_wait(sem), 0);
    }
}

/* Stays inside until it may go. */
static void through_gate(void *user, struct mf_turn *turn)
{
    (void)user;
    (void)turn;
    atomic_fetch_add(&begun, 1);
    sem_post(&news);
    wait_for(&gate, 1);
}

static size_t ready_count(void)
{
    size_t count = 0;

    pthread_mutex_lock(&threads.mutex);
    MF_LIST_FOR_EACH(link, &threads.ready)
    {
        count++;
    }
    pthread_mutex_unlock(&threads.mutex);
    return count;
}

/* All threads idle: what is held stays in the queue; the release sets as many to work as there are turns. */
static void test_hold(void)
{
    begin(4, through_gate);
    for (unsigned i = 0; i < 4;
         i++) { /* Each thread has been through a turn: it is idle then, and not only about to be. */
        submit(i);
    }
    wait_for(&news, 4);
    for (unsigned i = 0; i < 4; i++) {
        sem_post(&gate);
    }
    for (size_t idle = 0; idle < 4;) {
        pthread_mutex_lock(&threads.mutex);
        idle = 0;
        MF_LIST_FOR_EACH(link, &threads.idle)
        {
            idle++;
        }
        pthread_mutex_unlock(&threads.mutex);
    }
    mf_threads_hold(&threads);
    for (unsigned i = 0; i < 3; i++) {
        submit(i);
    }
    MF_CHECK_INT(ready_count(), 3);
    MF_CHECK_INT(atomic_load(&begun), 4);
    mf_threads_release(&threads);
    wait_for(&news, 3); /* All three at once: none waits for another's gate. */
    MF_CHECK_INT(ready_count(), 0);
    for (unsigned i = 0; i < 3; i++) {
        sem_post(&gate);
    }
    end();
}

/* More than there are threads for: the loop is told to look, and whoever is done first takes the rest. */
static void test_hold_more_than_threads(void)
{
    begin(2, through_gate);
    mf_threads_hold(&threads);
    for (unsigned i = 0; i < TURNS; i++) {
        submit(i);
        sem_post(&gate);
    }
    mf_threads_release(&threads);
    wait_for(&news, TURNS);
    end();
}

/* As a session does that has more to tell its script. */
static void ask_again(void *user, struct mf_turn *turn)
{
    (void)user;
    if (atomic_fetch_add(&again, 1) + 1 < AGAIN) {
        mf_threads_submit(&threads, turn);
    } else {
        sem_post(&news);
    }
}

/* Nobody is woken for it, and it runs all the same. */
static void test_a_turn_asks_for_the_next(void)
{
    for (size_t base = 1; base <= 3; base++) {
        atomic_store(&again, 0);
        begin(base, ask_again);
        submit(0);
        wait_for(&news, 1);
        MF_CHECK_INT(atomic_load(&again), AGAIN);
        end();
    }
}

int main(void)
{
    MF_RUN(test_hold);
    MF_RUN(test_hold_more_than_threads);
    MF_RUN(test_a_turn_asks_for_the_next);
    return 0;
}
