package main

import (
	"context"
	"fmt"
	"slices"

	"purser/bench/handwritten"
)

// result is a case's medians, of the product and of the peer.
type result struct {
	name          string
	product, peer sample
}

// measureAll measures every case. In each round both are loaded, in turn; who is first alternates.
func (b *bench) measureAll(ctx context.Context) ([]result, error) {
	var results []result
	for _, page := range b.pages {
		for _, connections := range b.connections {
			for _, zipf := range []bool{false, true} {
				r, err := b.measure(ctx, page, connections, zipf)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", r.name, err)
				}
				fmt.Fprintf(b.stderr, "%-40s product %.0f/s, peer %.0f/s\n", r.name, r.product.PerSecond, r.peer.PerSecond)
				results = append(results, r)
			}
		}
	}
	return results, nil
}

func (b *bench) measure(ctx context.Context, page handwritten.Page, connections int, zipf bool) (result, error) {
	r := result{name: fmt.Sprintf("conns=%d page=%s", connections, page.Name)}
	asked := b.keys[page.Name].full
	if zipf {
		r.name += " keys=zipf"
		asked = b.keys[page.Name].all
	}
	product, peer, err := b.targets(page)
	if err != nil {
		return r, err
	}
	var samples [2][]sample
	for round := range b.rounds {
		for turn := range 2 {
			who := (round + turn) % 2
			l := load{
				target: []*target{product, peer}[who], keys: asked, connections: connections, zipf: zipf,
				warmUp: b.warmUp, measured: b.measured, seed: uint64(round), clock: b.clock,
			}
			s, err := l.run(ctx)
			if err != nil {
				return r, err
			}
			samples[who] = append(samples[who], s)
		}
	}
	r.product, r.peer = medians(samples[0]), medians(samples[1])
	return r, nil
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
		Bytes:       median(func(s sample) float64 { return s.Bytes }),
		CPU:         median(func(s sample) float64 { return s.CPU }),
		Statements:  median(func(s sample) float64 { return s.Statements }),
	}
}
