/* A pool of threads for short jobs.
 *
 * A job is published in one word, `state`: its number, whether it may be joined, and how many threads are at it.
 * A thread joins by adding itself to the word as it last saw it, so it can only join the job whose fields it will
 * read; the caller withdraws the job when all parts are taken and waits until no thread is at it, and only then
 * may the fields change. Idle threads watch the word for a while before they sleep: ops follow one another within
 * microseconds, and waking a thread costs more than many an op.
 *
 * The parts of a job are dealt out in runs, one for each thread, the same thread the same run in each job: what a thread reads is mostly
 * what it wrote, and waits in its own cache. A thread that has done its run goes on with the last parts of others'. */
#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "CKernels.h"

/* Parts of the state word. */
#define DK_WORKERS 0xFFFFull
#define DK_OPEN 0x10000ull
#define DK_JOB 0x20000ull

/* How often an idle thread looks before it sleeps: some 250 microseconds. */
enum { DK_LOOKS = 8000 };

/* The caller, which is the first and has no thread of its own here, or a thread of the pool. */
typedef struct {
    _Alignas(64) _Atomic uint64_t run; /* parts dealt to it that nobody has taken: the first, and above it in half a word what ends them */
    dk_pool *pool;
    pthread_t thread;
    bool started;
} dk_worker;

/* Idle threads look at one line over and over, each time taking it from whoever wrote it last: nothing is in that line that is written
 * more than once a job. */
struct dk_pool {
    size_t threads;
    atomic_bool busy;     /* a caller has a job here */
    bool started;         /* guarded by busy */
    size_t sharing;       /* threads that have parts dealt */
    dk_task task;
    void *context;
    _Alignas(64) _Atomic uint64_t state;
    atomic_bool ending;
    _Alignas(64) pthread_mutex_t mutex; /* guards sleeping */
    pthread_cond_t wake;
    atomic_int sleepers;
    dk_worker workers[];
};

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

int dk_processor_count(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)count : 1;
}

dk_pool *dk_pool_create(size_t threads) {
    if (threads < 1) threads = 1;
    size_t size = sizeof(dk_pool) + threads * sizeof(dk_worker);
    dk_pool *pool = aligned_alloc(_Alignof(dk_pool), (size + _Alignof(dk_pool) - 1) / _Alignof(dk_pool) * _Alignof(dk_pool));
    if (!pool) return NULL;
    memset(pool, 0, size);
    pool->threads = threads;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    return pool;
}

/* Takes a part of a run, the first of one's own and the last of another's; false where none is left. */
static bool take(dk_worker *owner, bool own, size_t *part) {
    uint64_t run = atomic_load(&owner->run), rest;
    do {
        uint64_t first = run & UINT32_MAX, end = run >> 32;
        if (first == end) return false;
        *part = own ? first : end - 1;
        rest = own ? run + 1 : run - (1ull << 32);
    } while (!atomic_compare_exchange_weak(&owner->run, &run, rest));
    return true;
}

/* Without a pool the parts first ..< end are left to it; else those that are dealt out, of which so many runs, from its own on, are
 * done. */
struct dk_share {
    dk_pool *pool;
    size_t self, done, first, end;
};

bool dk_next_part(dk_share *share, size_t *part) {
    dk_pool *pool = share->pool;
    if (!pool) {
        *part = share->first;
        return share->first++ < share->end;
    }
    for (; share->done < pool->sharing; share->done++)
        if (take(&pool->workers[(share->self + share->done) % pool->sharing], share->done == 0, part)) return true;
    return false;
}

/* Does parts of the present job until none is left. */
static void work(dk_pool *pool, size_t self) {
    dk_share share = {.pool = pool, .self = self};
    if (self < pool->sharing) pool->task(pool->context, &share, self);
}

/* True if there is a job to join other than the one `last` saw. */
static bool has_job(dk_pool *pool, uint64_t last) {
    uint64_t state = atomic_load(&pool->state);
    return (state & DK_OPEN) && (state & ~DK_WORKERS) != last;
}

/* Waits for a job other than the one `last` saw; false when the pool ends. */
static bool await(dk_pool *pool, uint64_t last) {
    for (int look = 0; look < DK_LOOKS; look++) {
        if (has_job(pool, last)) return true;
        if (atomic_load(&pool->ending)) return false;
        relax();
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (!has_job(pool, last) && !atomic_load(&pool->ending)) pthread_cond_wait(&pool->wake, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
    return !atomic_load(&pool->ending);
}

static void *run_worker(void *argument) {
    dk_worker *self = argument;
    dk_pool *pool = self->pool;
    uint64_t last = 0;
    while (await(pool, last)) {
        uint64_t seen = atomic_load(&pool->state);
        if (!(seen & DK_OPEN) || !atomic_compare_exchange_strong(&pool->state, &seen, seen + 1)) continue;
        last = seen & ~DK_WORKERS;
        work(pool, (size_t)(self - pool->workers));
        atomic_fetch_sub(&pool->state, 1);
    }
    return NULL;
}

/* Wakes all who sleep. */
static void wake(dk_pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
}

/* Starts the threads; those that the system refuses are done without. */
static void start(dk_pool *pool) {
    pool->started = true;
    for (size_t i = 1; i < pool->threads; i++) {
        dk_worker *worker = &pool->workers[i];
        worker->pool = pool;
        worker->started = pthread_create(&worker->thread, NULL, run_worker, worker) == 0;
    }
}

void dk_pool_run(dk_pool *pool, size_t parts, dk_task task, void *context) {
    if (parts <= 1 || parts > UINT32_MAX || pool->threads == 1 || atomic_exchange(&pool->busy, true)) {
        dk_share all = {.end = parts};
        task(context, &all, 0);
        return;
    }
    if (!pool->started) start(pool);
    pool->task = task;
    pool->context = context;
    pool->sharing = parts < pool->threads ? parts : pool->threads;
    for (size_t i = 0; i < pool->sharing; i++) {
        uint64_t first = parts * i / pool->sharing, end = parts * (i + 1) / pool->sharing;
        atomic_store(&pool->workers[i].run, end << 32 | first);
    }
    uint64_t job = (atomic_load(&pool->state) & ~(DK_OPEN | DK_WORKERS)) + DK_JOB;
    atomic_store(&pool->state, job | DK_OPEN);
    if (atomic_load(&pool->sleepers) > 0) wake(pool);
    work(pool, 0);
    atomic_fetch_and(&pool->state, ~DK_OPEN);
    for (int look = 0; atomic_load(&pool->state) & DK_WORKERS; look++)
        if (look < DK_LOOKS)
            relax();
        else
            sched_yield();
    atomic_store(&pool->busy, false);
}

void dk_pool_destroy(dk_pool *pool) {
    atomic_store(&pool->ending, true);
    wake(pool);
    for (size_t i = 1; i < pool->threads; i++)
        if (pool->workers[i].started) pthread_join(pool->workers[i].thread, NULL);
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->wake);
    free(pool);
}
