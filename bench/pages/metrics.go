package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Metrics that both servers have, and what the product counts its statements by.
const (
	metricAllocations = "go_memstats_mallocs_total"
	metricBytes       = "go_memstats_alloc_bytes_total"
	metricCPU         = "process_cpu_seconds_total"
	metricStatements  = "purser_db_statement_duration_seconds_count"
)

// counts are what a server has used since it started.
type counts struct{ allocations, bytes, cpuSeconds, statements float64 }

func (c counts) minus(before counts) counts {
	return counts{
		allocations: c.allocations - before.allocations, bytes: c.bytes - before.bytes,
		cpuSeconds: c.cpuSeconds - before.cpuSeconds, statements: c.statements - before.statements,
	}
}

// scrape reads a server's metrics.
func scrape(ctx context.Context, p *process) (counts, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.urls["Metrics"], http.NoBody)
	if err != nil {
		return counts{}, fmt.Errorf("read the metrics of %s: %w", p.name, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return counts{}, fmt.Errorf("read the metrics of %s: %w", p.name, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return counts{}, fmt.Errorf("read the metrics of %s: %s", p.name, response.Status)
	}
	c, err := parseCounts(response.Body)
	if err != nil {
		return counts{}, fmt.Errorf("read the metrics of %s: %w", p.name, err)
	}
	return c, nil
}

// parseCounts adds up the samples of the metrics that count, over all their labels. It returns an error
// when one of those that every server has is missing: a count of nothing would look like no cost.
func parseCounts(text io.Reader) (counts, error) {
	sums := map[string]float64{}
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		line := lines.Text()
		end := strings.LastIndexByte(line, ' ')
		if end < 0 || line[0] == '#' {
			continue
		}
		value, err := strconv.ParseFloat(line[end+1:], 64)
		if err != nil {
			return counts{}, fmt.Errorf("read %q: %w", line, err)
		}
		name, _, _ := strings.Cut(line[:end], "{")
		sums[name] += value
	}
	if err := lines.Err(); err != nil {
		return counts{}, err
	}
	for _, name := range []string{metricAllocations, metricBytes, metricCPU} {
		if _, ok := sums[name]; !ok {
			return counts{}, fmt.Errorf("there is no %s", name)
		}
	}
	return counts{
		allocations: sums[metricAllocations], bytes: sums[metricBytes], cpuSeconds: sums[metricCPU],
		statements: sums[metricStatements] + sums[metricPeerStatements],
	}, nil
}
