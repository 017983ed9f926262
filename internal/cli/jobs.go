package cli

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"purser/internal/jobs"
	"purser/internal/obs"
	"purser/internal/outbox"
	"purser/internal/postgres"
	"purser/internal/wallet"
	"purser/ledger"
)

// How often scheduled work is done, and how long one run may take.
const (
	sweepEvery, sweepTimeout           = 10 * time.Second, time.Minute
	expiryEvery, expiryTimeout         = time.Minute, 10 * time.Minute
	checkpointEvery, checkpointTimeout = time.Minute, 30 * time.Second
	invariantsEvery, invariantsTimeout = time.Minute, 5 * time.Minute
	// invariantsWork is how much of that minute a first pass over a large ledger takes, so that it
	// leaves most of the machine to requests.
	invariantsWork = 15 * time.Second
)

// startJobs starts the scheduled work that is due in this process, and returns what ends it: jobs also
// end with ctx, and finish waits until the last has.
func (s *server) startJobs(ctx context.Context, book *ledger.Ledger, rules *ledger.Rules) (finish func(), err error) {
	s.registry.MustRegister(outbox.NewLagCollector(s.db.Outbox().Lags, s.log))
	if s.cfg.NoJobs {
		return func() {}, nil
	}
	key, err := checkpointKey(s.cfg)
	if err != nil {
		return nil, err
	}
	reader, storage, clock := s.db.NewReader(s.program.Clock), s.db.NewJobs(), s.program.Clock
	expiry := &jobs.Expiry{
		Wallets: wallet.NewService(book, reader, clock, newID), Expiries: reader, Progress: storage, Books: s.db.Books, Clock: clock,
	}
	checker := s.db.NewChecker(postgres.CheckerConfig{
		Rules: rules, Clock: clock, Metrics: obs.NewInvariantMetrics(s.registry), Log: s.log, Work: invariantsWork,
	})
	sign := func(ctx context.Context) error {
		_, err := s.db.SignCheckpoints(ctx, key, clock())
		return err
	}
	runner := jobs.NewRunner(jobs.Config{
		Jobs: []jobs.Job{
			{Name: "hold-sweep", Every: sweepEvery, Timeout: sweepTimeout, Run: expiry.SweepHolds},
			{Name: jobs.LotExpiryJob, Every: expiryEvery, Timeout: expiryTimeout, Run: expiry.ExpireLots},
			{Name: "checkpoints", Every: checkpointEvery, Timeout: checkpointTimeout, Run: sign},
			{Name: "invariants", Every: invariantsEvery, Timeout: invariantsTimeout, Run: checker.Run},
		},
		Leases: storage, Holder: holder(), Clock: clock, Log: s.log, Metrics: obs.NewJobMetrics(s.registry),
	})
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { runner.Run(ctx) })
	return func() { stop(); running.Wait() }, nil
}

// holder names this process in leases: for people by host and process, and by chance for the leases,
// as containers share both.
func holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown-host"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), uuid.NewString())
}

// newID makes the ids of commands that jobs send.
func newID() ledger.ID { return ledger.ID(uuid.Must(uuid.NewV7())) }
