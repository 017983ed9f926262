package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// clock is the process's.
type clock func() time.Time

// sample is what one measurement found. Times are in milliseconds. What comes after them is per command,
// of which each is one posting; allocations are this process's, the callers' own included, and bytes on
// disk are those by which the database grew.
type sample struct {
	PerSecond, P50, P99                 float64
	Allocations, Allocated, WAL, OnDisk float64
}

// load is one measurement of a driver.
type load struct {
	driver   driver
	warmUp   time.Duration
	measured time.Duration
	seed     uint64
	clock    clock
}

// run keeps the callers busy. Nothing is cut off at the end: each call that began ends, so that what is
// counted is what was stored.
func (l load) run(ctx context.Context, b *bench) (sample, error) {
	before, err := readStored(ctx, b.control)
	if err != nil {
		return sample{}, err
	}
	var memory, memoryAfter runtime.MemStats
	runtime.ReadMemStats(&memory)
	callers, perSecond, err := l.drive(ctx)
	if err != nil {
		return sample{}, err
	}
	runtime.ReadMemStats(&memoryAfter)
	after, err := readStored(ctx, b.control)
	if err != nil {
		return sample{}, err
	}
	var latencies []time.Duration
	commands := 0
	for i := range callers {
		latencies = append(latencies, callers[i].latencies...)
		commands += callers[i].commands
	}
	slices.Sort(latencies)
	each := func(before, after int64) float64 { return float64(after-before) / float64(commands) }
	return sample{
		PerSecond: perSecond, P50: milliseconds(quantile(latencies, 0.5)), P99: milliseconds(quantile(latencies, 0.99)),
		Allocations: float64(memoryAfter.Mallocs-memory.Mallocs) / float64(commands),
		Allocated:   float64(memoryAfter.TotalAlloc-memory.TotalAlloc) / float64(commands),
		WAL:         each(before.wal, after.wal), OnDisk: each(before.disk, after.disk),
	}, nil
}

// meter is what the callers of a measurement share.
type meter struct {
	recording, recorded, ended atomic.Bool
	commands                   atomic.Int64  // recorded
	first                      chan struct{} // closed once something was recorded
}

// drive runs the callers for the time of the measurement and returns them when all have ended.
func (l load) drive(ctx context.Context) ([]caller, float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	callers := make([]caller, l.driver.callers())
	var all sync.WaitGroup
	m := &meter{first: make(chan struct{})}
	for i := range callers {
		callers[i] = caller{load: l, meter: m, rng: rand.New(rand.NewPCG(l.seed, uint64(i)))} //nolint:gosec // it need only repeat
		all.Go(func() {
			if err := callers[i].loop(ctx); err != nil {
				cancel(err)
			}
		})
	}
	perSecond, err := l.watch(ctx, m)
	m.ended.Store(true)
	all.Wait()
	return callers, perSecond, errors.Join(err, context.Cause(ctx))
}

// watch waits for the time of the measurement and returns the rate in it. A time too short for anything to
// become durable is made longer.
func (l load) watch(ctx context.Context, m *meter) (float64, error) {
	if err := wait(ctx, l.warmUp); err != nil {
		return 0, err
	}
	began := l.clock()
	m.recording.Store(true)
	if err := wait(ctx, l.measured); err != nil {
		return 0, err
	}
	select {
	case <-m.first:
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	m.recording.Store(false)
	return float64(m.commands.Load()) / l.clock().Sub(began).Seconds(), nil
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

// caller is one goroutine's closed loop.
type caller struct {
	load
	meter     *meter
	rng       *rand.Rand
	commands  int
	latencies []time.Duration
}

func (c *caller) loop(ctx context.Context) error {
	for !c.meter.ended.Load() && ctx.Err() == nil {
		sent := c.clock()
		commands, err := c.driver.do(ctx, c.rng)
		if err != nil {
			return err
		}
		c.commands += commands
		if c.meter.recording.Load() {
			c.meter.commands.Add(int64(commands))
			c.latencies = append(c.latencies, c.clock().Sub(sent))
			if !c.meter.recorded.Load() && c.meter.recorded.CompareAndSwap(false, true) {
				close(c.meter.first)
			}
		}
	}
	return nil
}

// medians returns the median of each number by itself.
func medians(samples []sample) sample {
	median := func(number func(sample) float64) float64 {
		values := make([]float64, len(samples))
		for i, s := range samples {
			values[i] = number(s)
		}
		slices.Sort(values)
		return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
	}
	return sample{
		PerSecond:   median(func(s sample) float64 { return s.PerSecond }),
		P50:         median(func(s sample) float64 { return s.P50 }),
		P99:         median(func(s sample) float64 { return s.P99 }),
		Allocations: median(func(s sample) float64 { return s.Allocations }),
		Allocated:   median(func(s sample) float64 { return s.Allocated }),
		WAL:         median(func(s sample) float64 { return s.WAL }),
		OnDisk:      median(func(s sample) float64 { return s.OnDisk }),
	}
}

// quantile returns the value that a share of the sorted values does not exceed; 0 of none.
func quantile(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
