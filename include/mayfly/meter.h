/* mayfly/meter.h - what became of all runs, in numbers: counted as they end, written in Prometheus' text format.
 *
 * Use:      mf_meter_run for each run that ends; mf_meter_write when somebody asks. mf_metric_* write families of others' numbers in
 *           the same form.
 * Threads:  [loop] everything. Pure: no clock, no loop.
 * Limits:   MF_METER_OUTCOMES_MAX outcomes; the buckets of METER_BOUNDS. All counters begin at 0 with the process.
 * Fails:    MF_E_TOO_LARGE, MF_E_NO_MEMORY of the buffer that is written to.
 * Not here: a record of each run for billing (a later part of this room), what other rooms count (their own state).
 * Source:   https://prometheus.io/docs/instrumenting/exposition_formats/ and https://prometheus.io/docs/practices/naming/
 */
#ifndef MAYFLY_METER_H
#define MAYFLY_METER_H

#include <mayfly/base.h>

struct mf_meter;

MF_OWN struct mf_meter *mf_meter_new(void);
void mf_meter_free(MF_OWN struct mf_meter *meter); /* NULL is fine. */

struct mf_meter_run {
    const char *outcome; /* "ok", "exceededCpu", ...: one of a few, which lives for ever. */
    bool is_interceptor; /* Else a client asked for it. */
    uint64_t wall_ns;
    uint64_t queue_ns; /* Before it began. */
    uint64_t cpu_ns;
    uint64_t host_wait_ns;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t logs_dropped;
};
void mf_meter_run(struct mf_meter *meter, const struct mf_meter_run *run);

/* A request that is over: its status, 0 for none, and the error of errors.h that its problem was of, or 0. */
void mf_meter_request(struct mf_meter *meter, int status, int error);

/* Appends the families of runs and of requests. */
MF_MUST_CHECK int mf_meter_write(const struct mf_meter *meter, struct mf_buf *out);

/* ---- families ------------------------------------------------------------------------------------ */

enum mf_metric_type { MF_METRIC_COUNTER, MF_METRIC_GAUGE, MF_METRIC_HISTOGRAM };

/* The two lines that come before samples. |help| has no line end and no backslash. */
MF_MUST_CHECK int
mf_metric_family(struct mf_buf *out, const char *name, enum mf_metric_type type, const char *help);
/* |labels|: "outcome=\"ok\"", or "". */
MF_MUST_CHECK int mf_metric_sample(struct mf_buf *out, const char *name, const char *labels, double value);
/* A family of one sample. */
MF_MUST_CHECK int
mf_metric_one(struct mf_buf *out, const char *name, enum mf_metric_type type, const char *help, double value);

#endif
