package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
)

// listsThatStayShort names the lists of objects that are no connection, and why each
// is bounded. A list that is not here must be paged.
var listsThatStayShort = map[string]string{
	"Query.nodes":                           "as long as the ids asked for, 100 at most",
	"Viewer.wallets":                        "100 at most, as its description says",
	"Viewer.adAccounts":                     "100 at most, as its description says",
	"Wallet.spendingLimits":                 "one per window",
	"Explanation.inputs":                    "20 at most, checked when written",
	"ExpiryForecast.buckets":                "five origins a day, 366 days at most",
	"Transaction.lots":                      "the lots of one journal",
	"Transaction.reversedBy":                "the latest 100",
	"Journal.postings":                      "the postings of one journal",
	"Journal.lotMovements":                  "the lots of one journal",
	"Journal.totals":                        "one per commodity",
	"Journal.reversedBy":                    "the latest 100",
	"Query.invariantStatus":                 "one per invariant",
	"Period.books":                          "one per book",
	"AccountExplanation.holds":              "the first 100",
	"AccountExplanation.lots":               "the first 100",
	"AccountExplanation.limits":             "eight an account, as the ledger bounds them",
	"ReportEvidence.parameters":             "one per argument",
	"ReportEvidence.ledgerSeq":              "one per book",
	"DeferredRevenueRollforward.currencies": "one per currency",
	"DeferredRevenueRollforward.lines":      "the chart of accounts, by book and side",
	"OutstandingLiability.groups":           "one per jurisdiction, origin and currency at most",
	"OutstandingLiability.totals":           "one per currency",
	"LiabilityGroup.basis":                  "one per currency",
	"TrialBalance.books":                    "one per book",
	"TrialBalance.lines":                    "the chart of accounts",
	"TrialBalance.totals":                   "one per commodity",
	"TrialBalanceBook.lines":                "the chart of accounts",
	"TrialBalanceBook.totals":               "one per commodity",
	"ValidationFailed.violations":           "20 at most, cut when made",
	"SetCampaignStatusesSuccess.outcomes":   "as long as the ids sent, 100 at most",
	"AnalyticsResult.rows":                  "1,000 at most, as the question's limit says",
	"AnalyticsResult.columns":               "four dimensions and twelve metrics, three columns each, at most",
	"AnalyticsRow.cells":                    "one for each column",
	"AnalyticsCatalog.datasets":             "one for each value of Dataset",
	"DatasetInfo.metrics":                   "one for each value of Metric at most",
	"DatasetInfo.dimensions":                "one for each value of Dimension at most",
}

// pagesWithMore names what connections say of their whole list besides its count.
var pagesWithMore = map[string][]string{
	"Campaign":   {"totals", "orderedAsOf"},
	"LedgerLine": {"account", "openingBalance", "closingBalance", "evidence"},
}

func TestListsThatGrowAreConnections(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t)
	var got []string
	ownFields(schema, func(def *ast.Definition, field *ast.FieldDefinition) {
		element := schema.Types[field.Type.Name()]
		isObject := element.Kind == ast.Object || element.Kind == ast.Interface || element.Kind == ast.Union
		if field.Type.Elem != nil && isObject && !strings.HasSuffix(def.Name, "Connection") {
			got = append(got, def.Name+"."+field.Name)
		}
	})
	var want []string
	for name := range listsThatStayShort {
		want = append(want, name)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lists of objects outside connections, each needs a bound or a connection (-want +got):\n%s", diff)
	}
}

func TestConnectionsAreRelayShaped(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t)
	connections := 0
	ownFields(schema, func(def *ast.Definition, field *ast.FieldDefinition) {
		node, ok := strings.CutSuffix(field.Type.Name(), "Connection")
		if !ok {
			return
		}
		connections++
		for name, want := range map[string]string{"first": "Int", "after": "String", "last": "Int", "before": "String"} {
			if argument := field.Arguments.ForName(name); argument == nil || argument.Type.String() != want {
				t.Errorf("%s.%s lacks the argument %s: %s", def.Name, field.Name, name, want)
			}
		}
		want, got := map[string]string{"edges": "[" + node + "Edge!]!", "nodes": "[" + node + "!]!", "pageInfo": "PageInfo!"}, fieldTypes(schema.Types[node+"Connection"])
		if got["totalCount"] != "" { // a count is there where it costs nothing to keep or is capped
			want["totalCount"] = "Int"
		}
		for _, name := range pagesWithMore[node] {
			delete(got, name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%sConnection (-want +got):\n%s", node, diff)
		}
		if diff := cmp.Diff(map[string]string{"cursor": "String!", "node": node + "!"}, fieldTypes(schema.Types[node+"Edge"])); diff != "" {
			t.Errorf("%sEdge (-want +got):\n%s", node, diff)
		}
	})
	if connections == 0 {
		t.Error("no connection was found")
	}
}
