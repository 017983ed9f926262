package outbox_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"purser/internal/outbox"
)

func TestLagCollector(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lags []outbox.Lag
		err  error
		want map[string]float64
	}{
		"lag_of_each_consumer": {
			lags: []outbox.Lag{{Consumer: "audit", Journals: 12}, {Consumer: "search", Journals: 0}},
			want: map[string]float64{"purser_outbox_lag_journals audit": 12, "purser_outbox_lag_journals search": 0, "purser_outbox_lag_unreadable": 0},
		},
		"failed_read_shows_no_zero": {
			lags: []outbox.Lag{{Consumer: "audit"}}, err: errors.New("the database is away"),
			want: map[string]float64{"purser_outbox_lag_unreadable": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := prometheus.NewPedanticRegistry()
			r.MustRegister(outbox.NewLagCollector(func(ctx context.Context) ([]outbox.Lag, error) {
				if _, bounded := ctx.Deadline(); !bounded {
					t.Error("the read has no deadline")
				}
				return c.lags, c.err
			}, slog.New(slog.DiscardHandler)))
			if diff := cmp.Diff(c.want, gauges(t, r)); diff != "" {
				t.Errorf("metrics (-want +got):\n%s", diff)
			}
		})
	}
}

// gauges returns the value of every gauge under its name and label values.
func gauges(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			name := family.GetName()
			for _, label := range metric.GetLabel() {
				name += " " + label.GetValue()
			}
			got[name] = metric.GetGauge().GetValue()
		}
	}
	return got
}
