package ledger_test

import (
	"strings"
	"testing"

	"purser/internal/wallet"
	"purser/ledger"
)

func chart(more ...ledger.Class) []ledger.Class {
	return append([]ledger.Class{
		{Name: "ISSUED", Normal: ledger.Debit},
		{Name: "WALLET:*:AVAILABLE", Normal: ledger.Credit, Floored: true, TracksLots: true},
	}, more...)
}

func issue(mend func(*ledger.Template)) []ledger.Template {
	t := ledger.Template{
		Name: "ISSUE", Version: 1, Type: "ISSUE", Lot: &ledger.NewLot{Origin: "origin"},
		Opens: []ledger.Open{{Account: "WALLET:{wallet}:AVAILABLE", Commodity: ledger.CNX}},
		Lines: []ledger.Line{{Debit: "ISSUED", Credit: "WALLET:{wallet}:AVAILABLE", Commodity: ledger.CNX, Measure: ledger.Named("quantity")}},
	}
	mend(&t)
	return []ledger.Template{t}
}

func TestNewRulesRefuses(t *testing.T) {
	t.Parallel()
	valid := issue(func(*ledger.Template) {})
	if _, err := ledger.NewRules(chart(), valid); err != nil {
		t.Fatalf("NewRules() of the base case = %v", err)
	}
	for name, c := range map[string]struct {
		chart     []ledger.Class
		templates []ledger.Template
		want      string
	}{
		"class_listed_twice":          {chart(ledger.Class{Name: "ISSUED", Normal: ledger.Debit}), nil, "ISSUED"},
		"class_without_a_normal_side": {chart(ledger.Class{Name: "2000"}), nil, "2000"},
		"template_listed_twice":       {chart(), append(valid, valid...), "ISSUE"},
		"template_without_a_name":     {chart(), issue(func(t *ledger.Template) { t.Name = "" }), "name"},
		"template_without_a_version":  {chart(), issue(func(t *ledger.Template) { t.Version = 0 }), "version"},
		"debit_outside_the_chart":     {chart(), issue(func(t *ledger.Template) { t.Lines[0].Debit = "ISSUE" }), "line 0"},
		"credit_outside_the_chart":    {chart(), issue(func(t *ledger.Template) { t.Lines[0].Credit = "WALLET:{wallet}" }), "line 0"},
		"line_without_a_commodity":    {chart(), issue(func(t *ledger.Template) { t.Lines[0].Commodity = "" }), "commodity"},
		"basis_line_with_a_commodity": {chart(), issue(func(t *ledger.Template) { t.Lines[0].Measure = ledger.Basis() }), "commodity"},
		"units_without_lot_terms":     {chart(), issue(func(t *ledger.Template) { t.Lot = nil }), "lot terms"},
		"opens_outside_the_chart":     {chart(), issue(func(t *ledger.Template) { t.Opens[0].Account = "HELD:{wallet}" }), "HELD"},
		"status_outside_the_chart": {chart(), issue(func(t *ledger.Template) {
			t.Status = &ledger.StatusChange{Account: "CAMPAIGN:{campaign}", From: ledger.StatusActive, To: ledger.StatusFrozen}
		}), "CAMPAIGN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ledger.NewRules(c.chart, c.templates)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("NewRules() = %v, want an error naming %q", err, c.want)
			}
		})
	}
}

func TestRulesListTheirChart(t *testing.T) {
	t.Parallel()
	rules := wallet.Rules()
	for _, class := range rules.Classes() {
		if got, ok := rules.Class(class.Name); got != class || !ok {
			t.Errorf("Class(%s) = %+v, %t", class.Name, got, ok)
		}
		if strings.Contains(class.Name, "*") != class.PerOwner() {
			t.Errorf("class %s is per owner: %t", class.Name, class.PerOwner())
		}
	}
	if _, ok := rules.Class("9999"); ok {
		t.Error("class 9999 is in the chart")
	}
	if _, ok := rules.Template("NO_SUCH"); ok {
		t.Error("template NO_SUCH is in the rules")
	}
}
