package analytics_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/internal/analytics"
	"purser/internal/domain"
)

// cohort is a marketplace of a few groups, as sets of parties in each of two spans,
// and what storage finds of it.
type cohort struct {
	names   []string
	parties map[string][2]map[int]bool
	figures map[string][2]int64
}

func drawCohort(t *rapid.T) *cohort {
	c := &cohort{parties: map[string][2]map[int]bool{}, figures: map[string][2]int64{}}
	for i := range rapid.IntRange(0, 8).Draw(t, "groups") {
		name := fmt.Sprintf("G%d", i)
		c.names = append(c.names, name)
		var sets [2]map[int]bool
		var sums [2]int64
		for span := range 2 {
			sets[span] = map[int]bool{}
			// Groups overlap, and some are just under or over what hides a party.
			first, count := rapid.IntRange(0, 30).Draw(t, "first"), rapid.SampledFrom([]int{0, 0, 1, 5, 18, 19, 20, 21, 40}).Draw(t, "count")
			for party := range count {
				sets[span][first+party] = true
			}
			if count > 0 {
				sums[span] = rapid.Int64Range(1, 1000).Draw(t, "sum")
			}
		}
		c.parties[name], c.figures[name] = sets, sums
	}
	return c
}

// union is the distinct parties of groups in each span, and their figures.
func (c *cohort) union(names []string) (parties, figures [2]int64) {
	for span := range 2 {
		all := map[int]bool{}
		for _, name := range names {
			for party := range c.parties[name][span] {
				all[party] = true
			}
			figures[span] += c.figures[name][span]
		}
		parties[span] = int64(len(all))
	}
	return parties, figures
}

func (c *cohort) group(key analytics.Cell, names ...string) analytics.Group {
	parties, figures := c.union(names)
	return analytics.Group{
		Keys: []analytics.Cell{key}, Parties: parties[0], ComparedParties: parties[1],
		Sums: analytics.Figures{Impressions: figures[0]}, Compared: analytics.Figures{Impressions: figures[1]},
	}
}

// found is what storage finds, with a limit.
func (c *cohort) found(limit int) (found analytics.Found) {
	var rest []string
	for _, name := range c.names {
		parties, _ := c.union([]string{name})
		switch {
		case parties == [2]int64{}: // nothing happened: storage has no row
		case analytics.Anonymous(parties[0], parties[1]) && len(found.Shown) < limit:
			found.Shown = append(found.Shown, c.group(text(name), name))
		default:
			found.Truncated = found.Truncated || analytics.Anonymous(parties[0], parties[1])
			rest = append(rest, name)
		}
	}
	if len(rest) > 0 {
		found.Rest = []analytics.Group{c.group(nil, rest...)}
	}
	return found
}

func hidden(parties [2]int64) bool {
	return (parties[0] == 0 || parties[0] >= 20) && (parties[1] == 0 || parties[1] >= 20)
}

// Whatever the groups: what is shown is of enough parties, what is not is only in
// OTHER and in the totals, which are the sum of the rows, and nothing is kept back
// without need.
func TestAggregatesHideEveryParty(t *testing.T) {
	t.Parallel()
	query := analytics.Query{
		Dataset: analytics.AdSpend, Metrics: []analytics.Metric{analytics.Impressions}, Dimensions: []analytics.Dimension{analytics.DimensionProduct},
		Compare: domain.ComparisonPreviousPeriod, Range: domain.Range{Preset: domain.PresetToday}, Grain: analytics.GrainDay, Limit: 1000,
	}
	now := time.Date(2026, 5, 14, 12, 0, 0, 0, time.UTC)
	plan, err := query.Plan([]string{"UTC"}, now)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		c := drawCohort(t)
		found := c.found(rapid.IntRange(1, 8).Draw(t, "limit"))
		result, err := query.Answer(product, plan, found, now)
		if err != nil {
			t.Fatal(err)
		}
		c.check(t, found, result)
	})
}

func (c *cohort) check(t *rapid.T, found analytics.Found, result *analytics.Result) {
	everyone, everything := c.union(c.names)
	if len(result.Rows) == 0 {
		if result.Totals != nil {
			t.Fatalf("totals %v without a row", result.Totals)
		}
		if everyone != [2]int64{} && hidden(everyone) {
			t.Fatalf("nothing is shown of %v parties", everyone)
		}
		return
	}
	var apart []string
	var sums [2]int64
	for i, row := range result.Rows {
		now, before := int64(row.Cells[1].(analytics.IntCell)), int64(row.Cells[2].(analytics.IntCell))
		sums[0], sums[1] = sums[0]+now, sums[1]+before
		names := c.names
		if row.Other {
			if i != len(result.Rows)-1 || row.Cells[0] != nil {
				t.Fatalf("OTHER is row %d of %d, named %v", i+1, len(result.Rows), row.Cells[0])
			}
			names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(apart, name) })
		} else {
			names = []string{row.Cells[0].(analytics.StringCell).Text}
			apart = append(apart, names[0])
		}
		parties, figures := c.union(names)
		if !hidden(parties) || parties == [2]int64{} {
			t.Fatalf("a row is of %v parties: %v", parties, row)
		}
		if now != figures[0] || before != figures[1] {
			t.Fatalf("the row %v is not the figures of its groups, %v", row, figures)
		}
	}
	if total := result.Totals.Cells; sums != everything || total[1] != analytics.IntCell(sums[0]) || total[2] != analytics.IntCell(sums[1]) {
		t.Fatalf("totals %v, rows sum to %v, all there is is %v", total, sums, everything)
	}
	if !slices.IsSorted(apart) {
		t.Fatalf("the rows %v are not in order", apart)
	}
	// A group that is safe by itself is given up only to hide others: one for each
	// span in which they are too few.
	if len(found.Shown)-len(apart) > 2 || (len(found.Rest) == 0 && len(apart) < len(found.Shown)) {
		t.Fatalf("of %d groups that are safe %d are shown", len(found.Shown), len(apart))
	}
}
