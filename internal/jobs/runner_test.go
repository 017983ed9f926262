package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/jobs"
)

// leases is the table of leases.
type leases struct {
	mu    sync.Mutex
	rows  map[string]lease
	fails error
}

type lease struct {
	holder string
	until  time.Time
}

func newLeases() *leases { return &leases{rows: map[string]lease{}} }

func (l *leases) Lease(_ context.Context, job, holder string, now, until time.Time) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fails != nil {
		return false, l.fails
	}
	if row, taken := l.rows[job]; taken && row.holder != holder && row.until.After(now) {
		return false, nil
	}
	l.rows[job] = lease{holder, until}
	return true, nil
}

func (l *leases) Return(_ context.Context, job, holder string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rows[job].holder == holder {
		delete(l.rows, job)
	}
	return nil
}

func (l *leases) steal(job string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows[job] = lease{"thief", time.Now().Add(time.Hour)}
}

func (l *leases) holders() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	holders := map[string]string{}
	for job, row := range l.rows {
		holders[job] = row.holder
	}
	return holders
}

// counted counts runs by result.
type counted struct {
	mu      sync.Mutex
	ok, bad int
}

func (c *counted) JobRan(_ string, err error, _ time.Time, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.bad++
		return
	}
	c.ok++
}

func (c *counted) results() (ok, bad int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ok, c.bad
}

// process is a runner that runs.
type process struct {
	counted
	log  bytes.Buffer
	stop func()
}

func start(t *testing.T, held jobs.Leases, holder string, list ...jobs.Job) *process {
	t.Helper()
	p := &process{}
	ctx, cancel := context.WithCancel(t.Context())
	runner := jobs.NewRunner(jobs.Config{
		Jobs: list, Leases: held, Holder: holder, Clock: time.Now, Metrics: &p.counted, Log: slog.New(slog.NewTextHandler(&p.log, nil)),
	})
	var running sync.WaitGroup
	running.Go(func() { runner.Run(ctx) })
	p.stop = func() { cancel(); running.Wait() }
	t.Cleanup(p.stop)
	return p
}

func every(name string, interval time.Duration, run func(context.Context) error) jobs.Job {
	return jobs.Job{Name: name, Every: interval, Timeout: time.Minute, Run: run}
}

func idle(context.Context) error { return nil }

// A bubble's clock moves when every goroutine waits, so these tests take no time and no chance.
func TestRunner(t *testing.T) {
	t.Parallel()
	t.Run("a_job_runs_about_every_interval", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := start(t, newLeases(), "a", every("sweep", 10*time.Second, idle))
			time.Sleep(1000 * time.Second)
			p.stop()
			if ok, bad := p.results(); ok < 90 || ok > 112 || bad != 0 {
				t.Errorf("%d runs and %d failures, want about 100 and none", ok, bad)
			}
		})
	})
	t.Run("of_two_processes_one_runs_a_job", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			held := newLeases()
			a, b := start(t, held, "a", every("sweep", 10*time.Second, idle)), start(t, held, "b", every("sweep", 10*time.Second, idle))
			time.Sleep(500 * time.Second)
			inA, _ := a.results()
			inB, _ := b.results()
			if inA > 0 == (inB > 0) {
				t.Errorf("a ran %d times and b %d, want one of them never", inA, inB)
			}
		})
	})
	t.Run("a_lease_given_back_is_taken_at_the_next_interval", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			held := newLeases()
			a := start(t, held, "a", every("sweep", 10*time.Second, idle))
			time.Sleep(15 * time.Second)
			b := start(t, held, "b", every("sweep", 10*time.Second, idle))
			time.Sleep(60 * time.Second)
			if ok, _ := b.results(); ok != 0 {
				t.Fatalf("b ran %d times beside a", ok)
			}
			a.stop()
			time.Sleep(12 * time.Second)
			if ok, _ := b.results(); ok == 0 {
				t.Error("b did not take over")
			}
			b.stop()
			if diff := cmp.Diff(map[string]string{}, held.holders()); diff != "" {
				t.Errorf("leases left (-want +got):\n%s", diff)
			}
		})
	})
	t.Run("a_lease_of_a_killed_process_runs_out", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			held := newLeases()
			held.rows["sweep"] = lease{"killed", time.Now().Add(30 * time.Second)}
			b := start(t, held, "b", every("sweep", time.Second, idle))
			time.Sleep(29 * time.Second)
			if ok, _ := b.results(); ok != 0 {
				t.Fatalf("b ran %d times while the lease lasted", ok)
			}
			time.Sleep(3 * time.Second)
			if ok, _ := b.results(); ok == 0 {
				t.Error("b did not take over")
			}
		})
	})
	t.Run("a_long_run_keeps_its_lease", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			held := newLeases()
			long := jobs.Job{Name: "check", Every: time.Second, Timeout: time.Hour, Run: func(ctx context.Context) error {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(10 * time.Minute):
					return nil
				}
			}}
			a := start(t, held, "a", long)
			time.Sleep(3 * time.Second)
			b := start(t, held, "b", long)
			time.Sleep(11 * time.Minute)
			if ok, bad := a.results(); ok != 1 || bad != 0 {
				t.Errorf("a: %d runs and %d failures, want 1 and none", ok, bad)
			}
			if ok, bad := b.results(); ok+bad != 0 {
				t.Errorf("b: %d runs and %d failures beside a", ok, bad)
			}
		})
	})
	t.Run("a_run_that_lost_its_lease_is_ended", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			held := newLeases()
			p := start(t, held, "a", jobs.Job{Name: "check", Every: time.Second, Timeout: time.Hour, Run: func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			}})
			time.Sleep(2 * time.Second)
			held.steal("check")
			time.Sleep(20 * time.Second)
			p.stop()
			if ok, bad := p.results(); ok != 0 || bad != 1 || !strings.Contains(p.log.String(), "lease of the job was lost") {
				t.Errorf("%d runs and %d failures, log %s", ok, bad, &p.log)
			}
			if diff := cmp.Diff(map[string]string{"check": "thief"}, held.holders()); diff != "" {
				t.Errorf("leases (-want +got):\n%s", diff)
			}
		})
	})
}

func TestRunnerFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, log string
		run       func(context.Context) error
	}{
		{"an_error", "error=broken", func(context.Context) error { return errors.New("broken") }},
		{"a_panic", "panic: upside down", func(context.Context) error { panic("upside down") }},
		{"a_run_that_takes_too_long", "longer than 1m0s", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
	} {
		t.Run(c.name+"_is_logged_with_its_job_and_the_job_runs_again", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				failed := false
				p := start(t, newLeases(), "a", every("sweep", 10*time.Second, func(ctx context.Context) error {
					if failed {
						return nil
					}
					failed = true
					return c.run(ctx)
				}))
				time.Sleep(2 * time.Minute)
				p.stop()
				if ok, bad := p.results(); ok == 0 || bad != 1 {
					t.Errorf("%d runs and %d failures, want some and 1", ok, bad)
				}
				if text := p.log.String(); strings.Count(text, "job=sweep") != 1 || !strings.Contains(text, c.log) {
					t.Errorf("log = %s", text)
				}
			})
		})
	}
	t.Run("leases_that_cannot_be_read_are_failures", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			held := newLeases()
			held.fails = errors.New("no connection")
			p := start(t, held, "a", every("sweep", 10*time.Second, idle))
			time.Sleep(15 * time.Second)
			p.stop()
			if ok, bad := p.results(); ok != 0 || bad == 0 || !strings.Contains(p.log.String(), "no connection") {
				t.Errorf("%d runs and %d failures, log %s", ok, bad, &p.log)
			}
		})
	})
	t.Run("what_the_end_interrupts_is_no_failure_and_is_waited_for", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			returned := false
			p := start(t, newLeases(), "a", every("sweep", time.Second, func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(time.Second) // it takes a moment to leave
				returned = true
				return ctx.Err()
			}))
			time.Sleep(5 * time.Second)
			p.stop()
			if ok, bad := p.results(); ok+bad != 0 || !returned || p.log.Len() > 0 {
				t.Errorf("%d runs, %d failures, returned %v, log %s", ok, bad, returned, &p.log)
			}
		})
	})
}
