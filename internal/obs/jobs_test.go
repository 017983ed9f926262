package obs_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"purser/internal/obs"
)

// scraped returns the samples whose names begin with one of these prefixes, as a scrape shows them.
func scraped(t *testing.T, r *prometheus.Registry, prefixes ...string) []string {
	t.Helper()
	answer := httptest.NewRecorder()
	obs.MetricsHandler(r).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	var samples []string
	for line := range strings.Lines(answer.Body.String()) {
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(line, prefix) }) {
			samples = append(samples, strings.TrimSuffix(line, "\n"))
		}
	}
	return samples
}

func TestJobMetrics(t *testing.T) {
	t.Parallel()
	r := obs.NewRegistry()
	m := obs.NewJobMetrics(r)
	at := time.Unix(1700000000, 500_000_000)
	m.JobRan("sweep", nil, at, 2*time.Second)
	m.JobRan("sweep", errors.New("broken"), at.Add(time.Minute), time.Second)
	want := []string{
		`purser_job_duration_seconds_sum{job="sweep"} 3`,
		`purser_job_last_success_timestamp_seconds{job="sweep"} 1.7000000005e+09`,
		`purser_job_runs_total{job="sweep",result="error"} 1`,
		`purser_job_runs_total{job="sweep",result="ok"} 1`,
	}
	if diff := cmp.Diff(want, scraped(t, r, "purser_job_duration_seconds_sum", "purser_job_last", "purser_job_runs")); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
}

func TestInvariantMetrics(t *testing.T) {
	t.Parallel()
	r := obs.NewRegistry()
	m := obs.NewInvariantMetrics(r)
	m.Checked("I1", true, 0, time.Unix(1700000000, 0))
	m.Checked("I2", true, 0, time.Unix(1700000000, 0))
	m.Checked("I2", false, 3, time.Unix(1700000060, 0))
	want := []string{
		`purser_invariant_checked_timestamp_seconds{invariant="I1"} 1.7e+09`,
		`purser_invariant_checked_timestamp_seconds{invariant="I2"} 1.70000006e+09`,
		`purser_invariant_failures_total{invariant="I1"} 0`,
		`purser_invariant_failures_total{invariant="I2"} 3`,
		`purser_invariant_ok{invariant="I1"} 1`,
		`purser_invariant_ok{invariant="I2"} 0`,
	}
	if diff := cmp.Diff(want, scraped(t, r, "purser_invariant_")); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
}
