package obs

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// durationBuckets are upper bounds in seconds, from a warm index lookup to the request timeout.
var durationBuckets = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}

// NewRegistry returns a registry with the Go runtime's and the process's own metrics. The global
// registry is not used, so that two servers in one test do not share numbers.
func NewRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return r
}

// MetricsHandler serves the registry in the Prometheus text format. A collector that fails makes the
// scrape fail, because a metric that is silently absent looks like a healthy zero.
func MetricsHandler(r *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError, Registry: r})
}

// HTTPMetrics counts what the edge answers.
type HTTPMetrics struct {
	duration *prometheus.HistogramVec
	panics   prometheus.Counter
}

// NewHTTPMetrics registers the edge's metrics; registering them twice in one registry panics.
func NewHTTPMetrics(r prometheus.Registerer) *HTTPMetrics {
	m := &HTTPMetrics{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "purser_http_request_duration_seconds", Buckets: durationBuckets,
			Help: "Time from the first byte of a request read to the last byte of its answer written.",
		}, []string{"route", "status"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "purser_http_panics_total",
			Help: "Panics recovered at the edge. Each is a broken invariant: look for its stack in the log.",
		}),
	}
	r.MustRegister(m.duration, m.panics)
	return m
}

// Observe records one answered request. route must come from a fixed set, never from the URL: each
// value is kept for the life of the process.
func (m *HTTPMetrics) Observe(route string, status int, d time.Duration) {
	m.duration.WithLabelValues(route, strconv.Itoa(status)).Observe(d.Seconds())
}

// Panicked counts a recovered panic.
func (m *HTTPMetrics) Panicked() { m.panics.Inc() }
