package demo_test

import (
	"testing"
	"time"

	"purser/internal/demo"
	"purser/internal/market"
	"purser/internal/pgtest"
	"purser/internal/postgres"
)

// BenchmarkLoad writes the default marketplace to a PostgreSQL that keeps what
// it commits, as `purser demo` does. It must stay under 60 seconds on two cores.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		server := pgtest.Durable(b)
		db, err := postgres.Open(b.Context(), server.AppURL(), nil)
		if err != nil {
			b.Fatal(err)
		}
		rules := market.Rules()
		b.StartTimer()
		summary, err := demo.Load(b.Context(), demo.Options{
			Rules: rules, Store: db.NewStore(rules), Loads: db, Campaigns: demo.CampaignsDefault, Seed: 1, Now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
			Progress: func(p demo.Progress) { b.Log(p) },
		})
		b.StopTimer()
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(summary.Journals+summary.Refusals)/b.Elapsed().Seconds(), "commands/s")
		b.Logf("%d journals, %d refusals", summary.Journals, summary.Refusals)
		db.Close()
		b.StartTimer()
	}
}
