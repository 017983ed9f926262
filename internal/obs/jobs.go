package obs

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// JobMetrics counts what scheduled jobs did in this process. It implements jobs.Metrics.
type JobMetrics struct {
	runs     *prometheus.CounterVec
	success  *prometheus.GaugeVec
	duration *prometheus.HistogramVec
}

// jobBuckets are upper bounds in seconds, from a look at an index to a first check of a large ledger.
var jobBuckets = []float64{0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300}

// NewJobMetrics registers the metrics of jobs; registering them twice in one registry panics.
func NewJobMetrics(r prometheus.Registerer) *JobMetrics {
	m := &JobMetrics{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "purser_job_runs_total",
			Help: "Runs of scheduled jobs that this process did, by result: ok or error.",
		}, []string{"job", "result"}),
		success: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "purser_job_last_success_timestamp_seconds",
			Help: "When a run of the job last ended well in this process. Another process may run it: alert on the maximum over all.",
		}, []string{"job"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "purser_job_duration_seconds", Buckets: jobBuckets,
			Help: "How long runs of the job took.",
		}, []string{"job"}),
	}
	r.MustRegister(m.runs, m.success, m.duration)
	return m
}

// JobRan records one run. job must come from a fixed set.
func (m *JobMetrics) JobRan(job string, err error, ended time.Time, took time.Duration) {
	m.duration.WithLabelValues(job).Observe(took.Seconds())
	if err != nil {
		m.runs.WithLabelValues(job, "error").Inc()
		return
	}
	m.runs.WithLabelValues(job, "ok").Inc()
	m.success.WithLabelValues(job).Set(float64(ended.UnixMilli()) / 1000)
}

// InvariantMetrics shows what the invariant checker of this process found last.
type InvariantMetrics struct {
	ok       *prometheus.GaugeVec
	checked  *prometheus.GaugeVec
	failures *prometheus.CounterVec
}

// NewInvariantMetrics registers the metrics of the checker; registering them twice in one registry
// panics.
func NewInvariantMetrics(r prometheus.Registerer) *InvariantMetrics {
	m := &InvariantMetrics{
		ok: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "purser_invariant_ok",
			Help: "1 when the last check of the ledger's invariant found nothing against it, 0 when it did. Absent until it was checked here.",
		}, []string{"invariant"}),
		checked: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "purser_invariant_checked_timestamp_seconds",
			Help: "When the invariant was last checked in this process.",
		}, []string{"invariant"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "purser_invariant_failures_total",
			Help: "Contradictions of the invariant that checks of this process came upon.",
		}, []string{"invariant"}),
	}
	r.MustRegister(m.ok, m.checked, m.failures)
	return m
}

// Checked records one check of an invariant, named as in "I1", and how many contradictions are new.
func (m *InvariantMetrics) Checked(invariant string, holds bool, found int64, at time.Time) {
	value := 0.0
	if holds {
		value = 1
	}
	m.ok.WithLabelValues(invariant).Set(value)
	m.checked.WithLabelValues(invariant).Set(float64(at.UnixMilli()) / 1000)
	m.failures.WithLabelValues(invariant).Add(float64(found))
}
