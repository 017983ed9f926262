package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"text/tabwriter"
)

// reported is the line for programs.
type reported struct {
	Bench    string         `json:"bench"`
	Accounts int            `json:"accounts"`
	Rounds   int            `json:"rounds"`
	TimeMS   int64          `json:"time_ms"`
	Cases    []reportedCase `json:"cases"`
}

// reportedCase is one case of it. What has no prefix is the product's. Allocations and bytes are per
// command, which is one posting. The cases of reads have a p50 only, and how many times that of the short
// history it is.
type reportedCase struct {
	Name           string  `json:"name"`
	PurserPerS     float64 `json:"purser_per_s,omitempty"`
	PeerPerS       float64 `json:"peer_per_s,omitempty"`
	FloorPerS      float64 `json:"floor_per_s,omitempty"`
	PeerRatio      float64 `json:"peer_ratio,omitempty"`
	FloorRatio     float64 `json:"floor_ratio,omitempty"`
	P50MS          float64 `json:"p50_ms"`
	P99MS          float64 `json:"p99_ms,omitempty"`
	PeerP50MS      float64 `json:"peer_p50_ms,omitempty"`
	PeerP99MS      float64 `json:"peer_p99_ms,omitempty"`
	InsertP50MS    float64 `json:"insert_p50_ms,omitempty"`
	InsertRatio    float64 `json:"insert_ratio,omitempty"`
	Allocations    float64 `json:"allocs,omitempty"`
	AllocatedBytes float64 `json:"alloc_bytes,omitempty"`
	WALBytes       float64 `json:"wal_bytes,omitempty"`
	DiskBytes      float64 `json:"disk_bytes,omitempty"`
	PeerWALBytes   float64 `json:"peer_wal_bytes,omitempty"`
	PeerDiskBytes  float64 `json:"peer_disk_bytes,omitempty"`
	FloorWALBytes  float64 `json:"floor_wal_bytes,omitempty"`
	FloorDiskBytes float64 `json:"floor_disk_bytes,omitempty"`
	ShortRatio     float64 `json:"short_ratio,omitempty"`
}

// report prints tables for people, and as the last line one JSON object for programs.
func report(w io.Writer, o options, results []result, reads []read) error {
	line := reported{Bench: "posting", Accounts: o.accounts, Rounds: o.rounds, TimeMS: o.measured.Milliseconds(), Cases: []reportedCase{}}
	for _, r := range results {
		line.Cases = append(line.Cases, caseOf(r))
	}
	if len(results) > 0 {
		fmt.Fprintf(w, "%d accounts; medians of %d rounds of %s; fsync and synchronous_commit on\n\n", o.accounts, o.rounds, o.measured)
		if err := printCases(w, line.Cases); err != nil {
			return err
		}
	}
	for _, r := range reads {
		line.Cases = append(line.Cases, readCases(o.rows, r)...)
	}
	if err := printReads(w, o, reads); err != nil {
		return err
	}
	encoded, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("print the line for programs: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", encoded)
	return err
}

func caseOf(r result) reportedCase {
	c := reportedCase{
		Name: r.name(), PurserPerS: rounded(r.purser.PerSecond), P50MS: rounded(r.purser.P50), P99MS: rounded(r.purser.P99),
		Allocations: rounded(r.purser.Allocations), AllocatedBytes: rounded(r.purser.Allocated),
		WALBytes: rounded(r.purser.WAL), DiskBytes: rounded(r.purser.OnDisk),
	}
	if p := r.peer; p != nil {
		c.PeerPerS, c.PeerRatio, c.PeerP50MS, c.PeerP99MS = rounded(p.PerSecond), rounded(r.purser.PerSecond/p.PerSecond), rounded(p.P50), rounded(p.P99)
		c.PeerWALBytes, c.PeerDiskBytes = rounded(p.WAL), rounded(p.OnDisk)
	}
	if f := r.floor; f != nil {
		c.FloorPerS, c.FloorRatio = rounded(f.PerSecond), rounded(r.purser.PerSecond/f.PerSecond)
		c.FloorWALBytes, c.FloorDiskBytes = rounded(f.WAL), rounded(f.OnDisk)
	}
	if i := r.insert; i != nil {
		c.InsertP50MS, c.InsertRatio = rounded(i.P50), rounded(r.purser.P50/i.P50)
	}
	return c
}

func readCases(rows int, r read) []reportedCase {
	return []reportedCase{
		{Name: fmt.Sprintf("rows=%d read=%s", historyShort, r.name), P50MS: rounded(r.short)},
		{Name: fmt.Sprintf("rows=%d read=%s", rows, r.name), P50MS: rounded(r.long), ShortRatio: rounded(r.long / r.short)},
	}
}

func printCases(w io.Writer, cases []reportedCase) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "case\tpurser/s\tpeer/s\tfloor/s\t× peer\t× floor\tp50 ms\tpeer\tINSERT\tp99 ms\tpeer\tallocs\tWAL B\tpeer\tfloor\tdisk B\tpeer\tfloor\t")
	for _, c := range cases {
		fmt.Fprintf(table, "%s\t%.0f\t%s\t%s\t%s\t%s\t%.2f\t%s\t%s\t%.2f\t%s\t%.0f\t%.0f\t%s\t%s\t%.0f\t%s\t%s\t\n",
			c.Name, c.PurserPerS, cell("%.0f", c.PeerPerS), cell("%.0f", c.FloorPerS), cell("%.1f", c.PeerRatio), cell("%.2f", c.FloorRatio),
			c.P50MS, cell("%.2f", c.PeerP50MS), cell("%.2f", c.InsertP50MS), c.P99MS, cell("%.2f", c.PeerP99MS), c.Allocations,
			c.WALBytes, cell("%.0f", c.PeerWALBytes), cell("%.0f", c.FloorWALBytes),
			c.DiskBytes, cell("%.0f", c.PeerDiskBytes), cell("%.0f", c.FloorDiskBytes))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	fmt.Fprintln(w)
	return nil
}

func printReads(w io.Writer, o options, reads []read) error {
	if len(reads) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "read, p50 ms\t%d postings\t%d postings\tratio\t\n", historyShort, o.rows)
	for _, r := range reads {
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%.2f\t\n", r.name, r.short, r.long, r.long/r.short)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the table of reads: %w", err)
	}
	fmt.Fprintln(w)
	return nil
}

// cell prints what a case has, and a dash for what it does not have.
func cell(format string, value float64) string {
	if value == 0 {
		return "–"
	}
	return fmt.Sprintf(format, value)
}

// rounded keeps three digits behind the point.
func rounded(value float64) float64 { return math.Round(value*1000) / 1000 }
