package postgres_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"purser/internal/analytics"
	"purser/internal/domain"
	"purser/internal/obs"
	"purser/internal/pgtest"
	"purser/internal/postgres"
	"purser/ledger"
)

var (
	everyGroup  = analytics.Scope{Caller: domain.Caller{Principal: "staff:finance", All: true}}
	aggregates  = analytics.Scope{Caller: domain.Caller{Principal: "staff:product"}, Aggregated: true}
	ownAccounts = analytics.Scope{Caller: domain.Caller{Principal: "party:x", Party: ledger.ID{1}, OwnAdAccounts: true, Memberships: []string{"ADVERTISER_ADMIN"}}}
)

// arrangements returns every way to put up to most of values in a row.
func arrangements(values []analytics.Dimension, most int) [][]analytics.Dimension {
	all := [][]analytics.Dimension{nil}
	for begin := 0; begin < len(all); begin++ {
		if len(all[begin]) == most {
			continue
		}
		for _, value := range values {
			if !slices.Contains(all[begin], value) {
				all = append(all, append(slices.Clone(all[begin]), value))
			}
		}
	}
	return all
}

// questions returns one of each kind of question whose statement differs from the
// others': by dataset, by dimensions in every order, by dimensions and filters in
// every combination, and by each thing to order by.
func questions() (all []analytics.Query) {
	catalogue := analytics.CatalogueFor(everyGroup)
	for _, dataset := range catalogue.Datasets {
		var metrics []analytics.Metric
		for _, info := range catalogue.Metrics {
			if info.Dataset == dataset.Dataset && info.Metric != analytics.Transactions {
				metrics = append(metrics, info.Metric)
			}
		}
		var dimensions []analytics.Dimension
		var filters []analytics.Filter
		for _, info := range catalogue.Dimensions {
			if !slices.Contains(info.Datasets, dataset.Dataset) {
				continue
			}
			dimensions = append(dimensions, info.Dimension)
			if info.ByID {
				filters = append(filters, analytics.Filter{Dimension: info.Dimension, Refs: []analytics.Ref{{Book: 1, ID: ledger.ID{1}}}})
			} else if info.Filter != "" {
				filters = append(filters, analytics.Filter{Dimension: info.Dimension, Values: []string{"CNX"}})
			}
		}
		base := analytics.Query{
			Dataset: dataset.Dataset, Metrics: metrics, Range: domain.Range{Preset: domain.PresetLast30Days}, Grain: analytics.GrainDay, Limit: 100,
		}
		for _, by := range arrangements(dimensions, analytics.DimensionsMax) {
			for set := range 1 << len(filters) {
				if set != 0 && !slices.IsSorted(by) {
					continue // a filter does not depend on the order of dimensions
				}
				q := base
				q.Dimensions = by
				for i, filter := range filters {
					if set&(1<<i) != 0 {
						q.Filters = append(q.Filters, filter)
					}
				}
				all = append(all, q)
			}
		}
		for _, descending := range []bool{false, true} {
			for _, metric := range metrics {
				q := base
				q.Dimensions, q.OrderBy = dimensions[:min(len(dimensions), 4)], []analytics.Order{{Metric: metric, Descending: descending}}
				all = append(all, q)
			}
			for _, dimension := range dimensions {
				q := base
				q.Dimensions, q.OrderBy = []analytics.Dimension{dimension}, []analytics.Order{{Dimension: dimension, Descending: descending}}
				all = append(all, q)
			}
		}
	}
	flows := slices.IndexFunc(all, func(q analytics.Query) bool { return q.Dataset == analytics.WalletFlows })
	q := all[flows]
	q.Metrics, q.OrderBy = []analytics.Metric{analytics.Transactions}, []analytics.Order{{Metric: analytics.Transactions}}
	return append(all, q)
}

// TestAnalyticsStatements prepares what every question that can be asked turns
// into, as the role that asks it.
func TestAnalyticsStatements(t *testing.T) {
	t.Parallel()
	app := connect(t, pgtest.New(t).AppURL)
	seen := map[string]bool{}
	for i, query := range questions() {
		scopes := []analytics.Scope{everyGroup, aggregates, ownAccounts}
		if len(query.Filters) > 0 {
			scopes = scopes[i%3 : i%3+1] // a filter does not depend on the scope
		}
		for variant := range 4 {
			query.TimeZone, query.Compare = "", ""
			if variant&1 != 0 {
				query.TimeZone = "Asia/Kathmandu"
			}
			if variant&2 != 0 {
				query.Compare = domain.ComparisonPreviousYear
			} else if len(query.Filters) > 0 {
				continue // with a comparison each filter is there twice
			}
			plan, err := query.Plan([]string{"UTC"}, began)
			if err != nil {
				t.Fatal(err)
			}
			for _, scope := range scopes {
				sql, arguments := postgres.AnalyticsStatement(scope, query, plan)
				if seen[sql] {
					continue
				}
				seen[sql] = true
				if len(query.OrderBy) > 0 || (len(query.Dimensions) >= 3 && slices.IsSorted(query.Dimensions)) { // all the text there is, without it a thousand times
					checkAnalyticsStatement(t, sql)
				}
				description, err := app.Prepare(t.Context(), "", sql)
				var refused *pgconn.PgError
				if errors.As(err, &refused) {
					t.Fatalf("prepare: %s at character %d of\n%s", refused.Message, refused.Position, sql)
				} else if err != nil {
					t.Fatal(err)
				}
				if len(description.ParamOIDs) != len(arguments) {
					t.Fatalf("%d parameters for %d in\n%s", len(arguments), len(description.ParamOIDs), sql)
				}
			}
		}
	}
	if len(seen) < 2_000 {
		t.Errorf("prepared %d statements: the questions are not all there are", len(seen))
	}
}

// checkAnalyticsStatement applies the rules of statements that are written in one
// piece.
func checkAnalyticsStatement(t *testing.T, sql string) {
	t.Helper()
	if name := obs.StatementName(sql); !strings.HasPrefix(name, "analytics_") {
		t.Errorf("the name is %s in\n%s", name, sql)
	}
	for rule, broken := range rules {
		if match := broken.FindString(sql); match != "" {
			t.Errorf("%q: %s in\n%s", match, rule, sql)
		}
	}
}
