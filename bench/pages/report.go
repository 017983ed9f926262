package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// reported is the line for programs.
type reported struct {
	Bench string `json:"bench"`
	size
	Keys   map[string]keyCounts `json:"keys"`
	Rounds int                  `json:"rounds"`
	Cases  []reportedCase       `json:"cases"`
}

// keyCounts are how many keys the cases of a page choose from: those that fill it, and with keys=zipf all.
type keyCounts struct {
	Full int `json:"full"`
	All  int `json:"all"`
}

// reportedCase is one case of it. What has no prefix is the product's; a CPU time is that of the server's
// own process, without PostgreSQL.
type reportedCase struct {
	Name            string  `json:"name"`
	PurserPerS      float64 `json:"purser_per_s"`
	PeerPerS        float64 `json:"peer_per_s"`
	Ratio           float64 `json:"ratio"`
	P50MS           float64 `json:"p50_ms"`
	P99MS           float64 `json:"p99_ms"`
	Allocations     float64 `json:"allocs"`
	Bytes           float64 `json:"bytes"`
	CPUMicros       float64 `json:"cpu_us"`
	Statements      float64 `json:"statements"`
	PeerP50MS       float64 `json:"peer_p50_ms"`
	PeerP99MS       float64 `json:"peer_p99_ms"`
	PeerAllocations float64 `json:"peer_allocs"`
	PeerBytes       float64 `json:"peer_bytes"`
	PeerCPUMicros   float64 `json:"peer_cpu_us"`
	PeerStatements  float64 `json:"peer_statements"`
}

// report prints a table for people, and as the last line one JSON object for programs.
func report(w io.Writer, o options, keys map[string]keys, results []result) error {
	line := reported{Bench: "pages", size: o.size, Keys: map[string]keyCounts{}, Rounds: o.rounds}
	for page, of := range keys {
		line.Keys[page] = keyCounts{Full: len(of.full), All: len(of.all)}
	}
	fmt.Fprintf(w, "%d wallets, %d campaigns, %d days of history; medians of %d rounds of %s; keys that fill a page: %s\n\n",
		o.size.Wallets, o.size.Campaigns, o.size.Days, o.rounds, o.measured, countsOf(line.Keys))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "case\tpages/s\tpeer/s\tratio\tp50 ms\tpeer\tp99 ms\tpeer\tallocs\tpeer\tKB\tpeer\tCPU µs\tpeer\tSQL\tpeer\t")
	for _, r := range results {
		a, b := r.product, r.peer
		line.Cases = append(line.Cases, caseOf(r))
		fmt.Fprintf(table, "%s\t%.0f\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.0f\t%.0f\t%.1f\t%.1f\t%.0f\t%.0f\t%.1f\t%.1f\t\n",
			r.name, a.PerSecond, b.PerSecond, a.PerSecond/b.PerSecond, a.P50, b.P50, a.P99, b.P99, a.Allocations, b.Allocations,
			a.Bytes/1000, b.Bytes/1000, a.CPU, b.CPU, a.Statements, b.Statements)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	encoded, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("print the line for programs: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", encoded)
	return err
}

func countsOf(keys map[string]keyCounts) string {
	var parts []string
	for _, page := range slices.Sorted(maps.Keys(keys)) {
		parts = append(parts, fmt.Sprintf("%s %d of %d", page, keys[page].Full, keys[page].All))
	}
	return strings.Join(parts, ", ")
}

func caseOf(r result) reportedCase {
	return reportedCase{
		Name: r.name, PurserPerS: rounded(r.product.PerSecond), PeerPerS: rounded(r.peer.PerSecond),
		Ratio: rounded(r.product.PerSecond / r.peer.PerSecond),
		P50MS: rounded(r.product.P50), P99MS: rounded(r.product.P99), Allocations: rounded(r.product.Allocations),
		Bytes: rounded(r.product.Bytes), CPUMicros: rounded(r.product.CPU), Statements: rounded(r.product.Statements),
		PeerP50MS: rounded(r.peer.P50), PeerP99MS: rounded(r.peer.P99), PeerAllocations: rounded(r.peer.Allocations),
		PeerBytes: rounded(r.peer.Bytes), PeerCPUMicros: rounded(r.peer.CPU), PeerStatements: rounded(r.peer.Statements),
	}
}

// rounded keeps three digits behind the point, and more of nothing.
func rounded(value float64) float64 { return math.Round(value*1000) / 1000 }
