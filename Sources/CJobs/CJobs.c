#include "CJobs.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The hooks that libswift_Concurrency offers for replacing its global executor; their types are in the Swift runtime's
// Concurrency.h. A test harness is what they are there for.
#define SWIFT_CC __attribute__((swiftcall))

typedef struct {
    void *identity;
    size_t implementation;
} serial_executor;

typedef SWIFT_CC void (*enqueue_original)(void *job);

extern SWIFT_CC void swift_job_run(void *job, serial_executor executor);
extern SWIFT_CC void (*swift_task_enqueueGlobal_hook)(void *job, enqueue_original original);
extern void *swift_task_enqueueGlobalWithDelay_hook;
extern void *swift_task_enqueueGlobalWithDeadline_hook;
extern void *swift_task_enqueueMainExecutor_hook;

static void **waiting;
static size_t count;
static size_t capacity;
static pthread_t owner;

static void stop(const char *reason) {
    fprintf(stderr, "%s\n", reason);
    abort();
}

static SWIFT_CC void enqueue(void *job, enqueue_original original) {
    (void)original;
    if (!pthread_equal(owner, pthread_self())) stop("a task of the simulation was resumed by another thread");
    if (count == capacity) {
        capacity = capacity ? 2 * capacity : 256;
        waiting = realloc(waiting, capacity * sizeof *waiting);
        if (!waiting) stop("out of memory");
    }
    waiting[count++] = job;
}

static void refuse_real_time(void) { stop("a task of the simulation waits for real time or for the main thread"); }

void jobs_capture(void) {
    owner = pthread_self();
    swift_task_enqueueGlobal_hook = enqueue;
    swift_task_enqueueGlobalWithDelay_hook = (void *)refuse_real_time;
    swift_task_enqueueGlobalWithDeadline_hook = (void *)refuse_real_time;
    swift_task_enqueueMainExecutor_hook = (void *)refuse_real_time;
}

size_t jobs_waiting(void) { return count; }

void jobs_run(size_t place) {
    void *job = waiting[place];
    memmove(waiting + place, waiting + place + 1, (--count - place) * sizeof *waiting);
    swift_job_run(job, (serial_executor){NULL, 0});
}
