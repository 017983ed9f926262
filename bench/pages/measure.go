package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// zipfExponent makes the busiest thousandth of 10,000 keys take about a third of the requests.
const zipfExponent = 1.1

// load is one measurement: so many connections to a target, keys chosen in one way.
type load struct {
	target      *target
	keys        []key
	connections int
	zipf        bool
	warmUp      time.Duration
	measured    time.Duration
	seed        uint64
	clock       func() time.Time
}

// sample is what one measurement found. Times are in milliseconds; the rest but the first is per request.
type sample struct {
	PerSecond, P50, P99                 float64
	Allocations, Bytes, CPU, Statements float64
}

// run keeps the connections busy, and measures after warming up. It ends early with ctx, or with the first
// answer that is not as it should be.
func (l load) run(ctx context.Context) (sample, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := make([]worker, l.connections)
	var all sync.WaitGroup
	var meter meter
	for i := range workers {
		workers[i] = worker{load: l, meter: &meter, rng: rand.New(rand.NewPCG(l.seed, uint64(i)))} //nolint:gosec // it need only repeat
		all.Go(func() {
			if err := workers[i].work(ctx); err != nil {
				cancel(err)
			}
		})
	}
	s, err := l.watch(ctx, &meter)
	cancel(errMeasured)
	all.Wait()
	if cause := context.Cause(ctx); err != nil || !errors.Is(cause, errMeasured) {
		return sample{}, errors.Join(err, cause, l.target.alive())
	}
	var latencies []time.Duration
	for i := range workers {
		latencies = append(latencies, workers[i].latencies...)
	}
	slices.Sort(latencies)
	s.P50, s.P99 = milliseconds(quantile(latencies, 0.5)), milliseconds(quantile(latencies, 0.99))
	return s, nil
}

// errMeasured ends the workers of a measurement that is complete.
var errMeasured = errors.New("measured")

// meter is what the workers of a measurement share.
type meter struct {
	recording atomic.Bool
	answered  atomic.Int64
}

// watch waits for the time of the measurement, and takes the server's own counts at both ends.
func (l load) watch(ctx context.Context, m *meter) (sample, error) {
	if err := wait(ctx, l.warmUp); err != nil {
		return sample{}, err
	}
	before, err := l.mark(ctx, m)
	if err != nil {
		return sample{}, err
	}
	began, answered := l.clock(), m.answered.Load()
	m.recording.Store(true)
	if err := wait(ctx, l.measured); err != nil {
		return sample{}, err
	}
	m.recording.Store(false)
	perSecond := float64(m.answered.Load()-answered) / l.clock().Sub(began).Seconds()
	after, err := l.mark(ctx, m)
	if err != nil {
		return sample{}, err
	}
	requests, used := after.answered-before.answered, after.minus(before.counts)
	if perSecond == 0 || requests <= 0 {
		return sample{}, errors.New("no request was answered in time")
	}
	return sample{
		PerSecond: perSecond, Allocations: used.allocations / requests, Bytes: used.bytes / requests,
		CPU: used.cpuSeconds * 1e6 / requests, Statements: used.statements / requests,
	}, nil
}

// mark is a server's counts, and how many answers there were by then.
type mark struct {
	counts
	answered float64
}

// mark reads both; the answers that come while the metrics are read count half.
func (l load) mark(ctx context.Context, m *meter) (mark, error) {
	before := m.answered.Load()
	c, err := scrape(ctx, l.target.process)
	return mark{counts: c, answered: float64(before+m.answered.Load()) / 2}, err
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// worker is one connection's loop.
type worker struct {
	load
	meter     *meter
	rng       *rand.Rand
	latencies []time.Duration
}

func (w *worker) work(ctx context.Context) error {
	c, err := dial(ctx, w.target)
	if err != nil {
		return err
	}
	defer c.close()
	next := w.chooser()
	for ctx.Err() == nil {
		k := w.keys[next()]
		sent := w.clock()
		if _, err := c.get(k, sent); err != nil {
			return err
		}
		w.meter.answered.Add(1)
		if w.meter.recording.Load() {
			w.latencies = append(w.latencies, w.clock().Sub(sent))
		}
	}
	return nil
}

// chooser returns what chooses keys: all alike, or few of them most often.
func (w *worker) chooser() func() int {
	if !w.zipf {
		return func() int { return w.rng.IntN(len(w.keys)) }
	}
	zipf := rand.NewZipf(w.rng, zipfExponent, 1, uint64(len(w.keys)-1))
	return func() int { return int(zipf.Uint64()) }
}

// quantile returns the value that a share of the sorted values does not exceed; 0 of none.
func quantile(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
