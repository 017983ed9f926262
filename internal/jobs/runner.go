package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Job is one kind of scheduled work.
type Job struct {
	// Name is the job's lease, its label in metrics, and how log lines call it.
	Name string
	// Every is the mean time from the end of one run to the begin of the next.
	Every time.Duration
	// Timeout bounds one run.
	Timeout time.Duration
	// Run does the work that there is now. It must return soon after ctx ends.
	Run func(ctx context.Context) error
}

// Leases says which process runs a job. An implementation decides in one statement, so that of two
// processes that ask at once one gets the lease.
type Leases interface {
	// Lease gives holder the lease of a job until then, if holder has it already or it had run out
	// at now. It reports whether holder has it.
	Lease(ctx context.Context, job, holder string, now, until time.Time) (bool, error)
	// Return ends holder's lease, so that another process need not wait for it to run out. A lease
	// of somebody else stays.
	Return(ctx context.Context, job, holder string) error
}

// Metrics counts what jobs did. A run that found the lease taken is no run.
type Metrics interface {
	JobRan(job string, err error, ended time.Time, took time.Duration)
}

// leaseFor is how long a lease lasts without being renewed: what a process that was killed delays its
// jobs by. It is renewed three times in that time, and the clocks of processes differ by no more than
// the second that the ledger allows.
const leaseFor = 30 * time.Second

// returnTimeout bounds giving back a lease at the end: one that is not given back runs out.
const returnTimeout = 2 * time.Second

// errLeaseLost ends a run whose lease could not be renewed: somebody else may be running the job.
var errLeaseLost = errors.New("the lease of the job was lost")

// Config is what a Runner needs; every field is required but After.
type Config struct {
	Jobs   []Job
	Leases Leases
	// Holder names this process in leases; it must differ between processes.
	Holder  string
	Clock   func() time.Time
	Log     *slog.Logger
	Metrics Metrics
	// After is time.After, but for tests.
	After func(time.Duration) <-chan time.Time
}

// Runner runs jobs until it is told to stop.
type Runner struct{ Config }

// NewRunner returns a runner that has not started.
func NewRunner(c Config) *Runner {
	if c.After == nil {
		c.After = time.After
	}
	return &Runner{Config: c}
}

// Run runs the jobs until ctx ends. It returns when the last of them has returned and every lease is
// given back.
func (r *Runner) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, job := range r.Jobs {
		running.Go(func() { r.schedule(ctx, job) })
	}
	running.Wait()
}

// schedule runs one job again and again. The first run comes early, at a moment of chance, so that
// processes which start together do not all ask at once.
func (r *Runner) schedule(ctx context.Context, job Job) {
	held := false
	defer func() {
		if held {
			r.giveBack(ctx, job)
		}
	}()
	for wait := rand.N(min(job.Every, time.Second)); ; wait = jittered(job.Every) { //nolint:gosec // jitter needs no secrecy
		select {
		case <-ctx.Done():
			return
		case <-r.After(wait):
		}
		var err error
		if held, err = r.lease(ctx, job); err != nil {
			r.report(ctx, job, err, 0)
		}
		if held {
			held = r.runLeased(ctx, job)
		}
	}
}

// jittered spreads runs over a tenth of their interval to either side.
func jittered(every time.Duration) time.Duration {
	return every - every/10 + rand.N(every/5+1) //nolint:gosec // jitter needs no secrecy
}

func (r *Runner) lease(ctx context.Context, job Job) (bool, error) {
	now := r.Clock()
	held, err := r.Leases.Lease(ctx, job.Name, r.Holder, now, now.Add(leaseFor))
	if err != nil {
		return false, fmt.Errorf("lease: %w", err)
	}
	return held, nil
}

// runLeased runs the job once while its lease is renewed, and reports whether the lease is still held.
func (r *Runner) runLeased(ctx context.Context, job Job) bool {
	run, cancel := context.WithTimeoutCause(ctx, job.Timeout, fmt.Errorf("the run took longer than %s", job.Timeout))
	defer cancel()
	run, lose := context.WithCancelCause(run)
	defer lose(nil)
	done := make(chan struct{})
	var renewing sync.WaitGroup
	renewing.Go(func() { r.renew(run, job, done, lose) })
	began := r.Clock()
	err := runSafely(run, job)
	close(done)
	renewing.Wait()
	cause := context.Cause(run)
	if err != nil && cause != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w (%w)", cause, err)
	}
	if ctx.Err() == nil || err == nil {
		r.report(ctx, job, err, r.Clock().Sub(began))
	}
	return !errors.Is(cause, errLeaseLost)
}

// runSafely turns a panic of a job into its error: the other jobs and the server go on, and the counter
// of failures tells.
func runSafely(ctx context.Context, job Job) (err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("panic: %v", thrown)
		}
	}()
	return job.Run(ctx)
}

// renew prolongs the lease until done, and ends the run when that cannot be done in time.
func (r *Runner) renew(ctx context.Context, job Job, done <-chan struct{}, lose context.CancelCauseFunc) {
	for {
		select {
		case <-done:
			return
		case <-ctx.Done():
			return
		case <-r.After(leaseFor / 3):
		}
		if held, err := r.lease(ctx, job); err != nil || !held {
			lose(errLeaseLost)
			return
		}
	}
}

func (r *Runner) giveBack(ctx context.Context, job Job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), returnTimeout)
	defer cancel()
	if err := r.Leases.Return(ctx, job.Name, r.Holder); err != nil {
		r.Log.WarnContext(ctx, "the lease of a job was not given back and must run out", "job", job.Name, "error", err)
	}
}

// report counts a run, and logs one that failed. What the end of the server interrupted is neither.
func (r *Runner) report(ctx context.Context, job Job, err error, took time.Duration) {
	if err != nil && ctx.Err() != nil {
		return
	}
	r.Metrics.JobRan(job.Name, err, r.Clock(), took)
	if err != nil {
		r.Log.ErrorContext(ctx, "a job failed; it will run again", "job", job.Name, "error", err)
	}
}
