package outbox

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// lagTimeout bounds how long a scrape waits for the database.
const lagTimeout = 2 * time.Second

// Lag is how far a consumer is behind, over all books.
type Lag struct {
	Consumer string
	Journals int64
}

// LagCollector tells Prometheus how far each consumer that storage knows is behind. It asks when it is
// scraped: consumers are processes of their own, which may be the very thing that stands still.
type LagCollector struct {
	read         func(context.Context) ([]Lag, error)
	log          *slog.Logger
	lag, failing *prometheus.Desc
}

// NewLagCollector returns a collector that reads with read. When that fails, purser_outbox_lag_unreadable
// is 1 and no lag is shown: neither a zero that looks healthy, nor a scrape that loses all other metrics
// because the database is away.
func NewLagCollector(read func(context.Context) ([]Lag, error), log *slog.Logger) *LagCollector {
	return &LagCollector{
		read: read, log: log,
		lag: prometheus.NewDesc("purser_outbox_lag_journals",
			"Journals that a consumer of the outbox has not handled yet, over all books.", []string{"consumer"}, nil),
		failing: prometheus.NewDesc("purser_outbox_lag_unreadable",
			"1 when the lag of consumers could not be read for this scrape, else 0.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *LagCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.lag
	out <- c.failing
}

// Collect implements prometheus.Collector.
func (c *LagCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lagTimeout)
	defer cancel()
	lags, err := c.read(ctx)
	failing := 0.0
	if err != nil {
		c.log.WarnContext(ctx, "the lag of outbox consumers could not be read", "error", err)
		lags, failing = nil, 1
	}
	out <- prometheus.MustNewConstMetric(c.failing, prometheus.GaugeValue, failing)
	for _, lag := range lags {
		out <- prometheus.MustNewConstMetric(c.lag, prometheus.GaugeValue, float64(lag.Journals), lag.Consumer)
	}
}
