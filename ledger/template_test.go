package ledger_test

import (
	"strings"
	"testing"

	"purser/internal/market"
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
		"lot_terms_without_units":     {chart(), issue(func(t *ledger.Template) { t.Lines = nil }), "lot terms"},
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

// mover is a template that moves units from a wallet to a campaign.
func mover(mend func(*ledger.Template)) []ledger.Template {
	t := ledger.Template{
		Name: "MOVE", Version: 1, Type: "MOVE",
		Lines: []ledger.Line{{Debit: "WALLET:{wallet}:AVAILABLE", Credit: "CAMPAIGN:{campaign}", Commodity: ledger.CNX, Measure: ledger.Named("quantity")}},
	}
	mend(&t)
	return []ledger.Template{t}
}

func TestNewRulesRefusesMoves(t *testing.T) {
	t.Parallel()
	outliving := chart(ledger.Class{Name: "CAMPAIGN:*", Normal: ledger.Credit, Floored: true, TracksLots: true, UsableAfterExpiry: true})
	back := func(t *ledger.Template) {
		line := &t.Lines[0]
		line.Debit, line.Credit, line.Back = line.Credit, line.Debit, true
	}
	for name, mend := range map[string]func(*ledger.Template){"out": func(*ledger.Template) {}, "back": back} {
		if _, err := ledger.NewRules(outliving, mover(mend)); err != nil {
			t.Fatalf("NewRules() of a move %s = %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		chart []ledger.Class
		mend  func(*ledger.Template)
		want  string
	}{
		"back_where_units_expire": {
			chart(ledger.Class{Name: "CAMPAIGN:*", Normal: ledger.Credit, Floored: true, TracksLots: true}), back, "expire",
		},
		"back_out_of_the_lots": {outliving, func(t *ledger.Template) { back(t); t.Lines[0].Credit = "ISSUED" }, "track lots"},
		"back_to_where_units_are_issued": {outliving, func(t *ledger.Template) {
			back(t)
			t.Lines[0].Debit, t.Lot = "ISSUED", &ledger.NewLot{}
		}, "track lots"},
		"move_with_lot_terms": {outliving, func(t *ledger.Template) { t.Lot = &ledger.NewLot{} }, "lot terms"},
		"reversible_move":     {outliving, func(t *ledger.Template) { t.ReversibleAs = []string{"BACK"} }, "reversible"},
		"class_without_lots_to_outlive": {
			chart(ledger.Class{Name: "CAMPAIGN:*", Normal: ledger.Credit, UsableAfterExpiry: true}), func(*ledger.Template) {}, "tracks no lots",
		},
		"all_of_an_account_without_a_floor": {outliving, func(t *ledger.Template) {
			t.Lines[0].Debit, t.Lines[0].Measure, t.Lot = "ISSUED", ledger.NamedOrAll("quantity"), &ledger.NewLot{}
		}, "floor"},
		"all_of_an_account_that_debits_fill": {
			chart(ledger.Class{Name: "CAMPAIGN:*", Normal: ledger.Debit, Floored: true}, ledger.Class{Name: "CONSUMED", Normal: ledger.Credit}),
			func(t *ledger.Template) {
				t.Lines[0].Debit, t.Lines[0].Credit, t.Lines[0].Measure = "CAMPAIGN:{campaign}", "CONSUMED", ledger.AtMost("quantity")
			}, "floor",
		},
		"origins_where_units_are_set_aside": {outliving, func(t *ledger.Template) {
			back(t)
			t.Lines[0].Measure = ledger.NamedOf("quantity", "origins")
		}, "chooses origins"},
		"origins_of_what_is_issued": {outliving, func(t *ledger.Template) {
			t.Lines[0].Debit, t.Lines[0].Measure, t.Lot = "ISSUED", ledger.NamedOf("quantity", "origins"), &ledger.NewLot{}
		}, "chooses origins"},
		"reversible_bounded_amount": {outliving, func(t *ledger.Template) {
			t.Lines[0].Credit, t.Lines[0].Measure, t.ReversibleAs = "ISSUED", ledger.AtMost("quantity"), []string{"BACK"}
		}, "reversible"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ledger.NewRules(c.chart, mover(c.mend))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("NewRules() = %v, want an error naming %q", err, c.want)
			}
		})
	}
}

func TestRulesListTheirChart(t *testing.T) {
	t.Parallel()
	rules := market.Rules()
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
