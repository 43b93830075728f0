// The jobs of Swift's concurrency runtime, taken out of the hands of its thread pool.
#ifndef TANDEM_CJOBS_H
#define TANDEM_CJOBS_H

#include <stddef.h>

/// From now on every job of this process waits here instead of running on the thread pool. Only the calling thread may enqueue.
void jobs_capture(void);
/// How many jobs wait.
size_t jobs_waiting(void);
/// Runs the job at a place below `jobs_waiting()` on the calling thread; the others keep their order.
void jobs_run(size_t place);

#endif
