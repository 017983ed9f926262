package ledgertest_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/internal/market"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

var day = time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)

// sound is a book in which everything holds: a purchase, a promotion, a spend
// over both and the return of a part. The promotion is booked on the day before.
func sound(t *testing.T) ledgertest.Snapshot {
	t.Helper()
	memory, commands := &ledgertest.Memory{Narrow: true}, &ledgertest.Commands{Book: 1}
	now := day
	l := ledger.New(ledger.Config{Rules: market.Rules(), Store: memory, Clock: func() time.Time { return now }})
	who := commands.NewID()
	spend := commands.Spend(who, 5)
	spend.Once = "p"
	for _, c := range []ledger.Command{
		commands.OpenWallet(who),
		commands.Purchase(who, 7, ledgertest.Price{Money: ledger.USD, Minor: 100, Fee: 5}, ledgertest.Terms{ExpiresAt: now.AddDate(0, 0, 9)}),
		yesterday(commands.Grant(who, 2, ledgertest.Terms{ExpiresAt: now.AddDate(0, 0, 1)})),
		spend,
		commands.Reverse(spend.ID, ledgertest.TypeReturn, 2),
		ledgertest.ThroughGate(commands.Spend(who, 1), "gate", 0),
	} {
		if outcome, err := l.Post(context.Background(), c); err != nil || outcome.Refusal != nil {
			t.Fatalf("Post(%s) = %+v, %v", c.Template, outcome, err)
		}
	}
	if err := l.Close(context.Background()); err != nil {
		t.Fatalf("Close() = %v", err)
	}
	s := memory.Snapshot(1)
	slices.SortFunc(s.Accounts, func(a, b ledger.AccountState) int { return strings.Compare(a.Account.Code, b.Account.Code) })
	slices.SortFunc(s.Lots, func(a, b ledger.Lot) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	slices.SortFunc(s.Places, func(a, b ledger.Place) int { return strings.Compare(a.Lot.String(), b.Lot.String()) })
	return s
}

func yesterday(c ledger.Command) ledger.Command {
	c.EffectiveAt = day.AddDate(0, 0, -1)
	return c
}

func account(s *ledgertest.Snapshot, prefix string) *ledger.AccountState {
	at := slices.IndexFunc(s.Accounts, func(a ledger.AccountState) bool { return strings.HasPrefix(a.Account.Code, prefix) })
	return &s.Accounts[at]
}

// TestCheckFinds breaks a sound book in one way after another: a check that
// finds nothing there would find nothing anywhere.
func TestCheckFinds(t *testing.T) {
	t.Parallel()
	if errs := sound(t).Check(market.Rules()); len(errs) > 0 {
		t.Fatalf("Check() of a sound book = %v", errs)
	}
	for name, c := range map[string]struct {
		spoil func(*ledgertest.Snapshot)
		want  string
	}{
		"debits_without_credits":        {func(s *ledgertest.Snapshot) { account(s, "1010").Balance.Debits++ }, "I1"},
		"posting_between_commodities":   {func(s *ledgertest.Snapshot) { s.Postings[1].Commodity = ledger.EUR }, "I1"},
		"counter_off_its_postings":      {func(s *ledgertest.Snapshot) { account(s, "5000").Balance.Debits-- }, "I2"},
		"negative_counter":              {func(s *ledgertest.Snapshot) { account(s, "5000").Balance.Credits = -1 }, "I3"},
		"version_skipped":               {func(s *ledgertest.Snapshot) { s.Postings[0].CreditVersion = 2 }, "I4"},
		"version_of_the_account":        {func(s *ledgertest.Snapshot) { account(s, "WALLET").Balance.Version++ }, "I4"},
		"running_balance":               {func(s *ledgertest.Snapshot) { s.Postings[0].CreditBalance++ }, "I4"},
		"net_of_a_journal":              {func(s *ledgertest.Snapshot) { s.Postings[0].CreditNet = new(int64) }, "I4"},
		"net_missing":                   {func(s *ledgertest.Snapshot) { s.Postings[0].CreditNet = nil }, "I4"},
		"net_twice":                     {func(s *ledgertest.Snapshot) { s.Postings[1].DebitNet = new(int64) }, "I4"},
		"below_the_floor":               {func(s *ledgertest.Snapshot) { account(s, "WALLET").Balance.Debits = 99 }, "I5"},
		"more_left_than_granted":        {func(s *ledgertest.Snapshot) { s.Lots[0].Remaining = 8 }, "I9"},
		"units_in_no_place":             {func(s *ledgertest.Snapshot) { s.Places = s.Places[1:] }, "I9"},
		"units_in_two_places":           {func(s *ledgertest.Snapshot) { s.Places = append(s.Places, s.Places[0]) }, "I9"},
		"movement_lost":                 {func(s *ledgertest.Snapshot) { s.Movements = s.Movements[1:] }, "I9"},
		"basis_off_its_movements":       {func(s *ledgertest.Snapshot) { s.Lots[0].BasisRemaining-- }, "I29"},
		"taken_out_of_order":            {func(s *ledgertest.Snapshot) { s.Lots[1].Priority = 1 }, "I10"},
		"taken_after_expiry":            {func(s *ledgertest.Snapshot) { s.Lots[1].ExpiresAt = day }, "I10"},
		"returned_to_another_lot":       {func(s *ledgertest.Snapshot) { last(s.Movements, 1).Lot = s.Lots[1].ID }, "I11"},
		"returned_with_too_much":        {func(s *ledgertest.Snapshot) { last(s.Movements, 1).Basis += 100 }, "I11"},
		"reversal_beyond_its_original":  {func(s *ledgertest.Snapshot) { last(s.Journals, 1).Quantity = 6 }, "I17"},
		"reversal_of_the_unknown":       {func(s *ledgertest.Snapshot) { last(s.Journals, 1).Reverses = ledger.ID{9} }, "I17"},
		"seq_skipped":                   {func(s *ledgertest.Snapshot) { last(s.Journals, 0).Seq++ }, "I18"},
		"posted_before_its_predecessor": {func(s *ledgertest.Snapshot) { last(s.Journals, 0).PostedAt = day.Add(-time.Second) }, "I18"},
		"head_behind_its_journals":      {func(s *ledgertest.Snapshot) { s.Seq-- }, "I18"},
		"back_dated_off_its_postings":   {func(s *ledgertest.Snapshot) { s.BackDated[0].Debits++ }, "I22"},
		"back_dated_missing":            {func(s *ledgertest.Snapshot) { s.BackDated = s.BackDated[1:] }, "I22"},
		"trial_off_its_postings":        {func(s *ledgertest.Snapshot) { s.Trial[0].Credits++ }, "I22"},
		"trial_missing":                 {func(s *ledgertest.Snapshot) { s.Trial = s.Trial[1:] }, "I22"},
		"deferred_off_the_lots":         {func(s *ledgertest.Snapshot) { account(s, "2000").Balance.Credits++ }, "I29"},
		"units_from_nowhere":            {func(s *ledgertest.Snapshot) { account(s, "ISSUED:PROMO").Balance.Debits++ }, "I30"},
		"arguments_of_another_command": {func(s *ledgertest.Snapshot) {
			s.Journals[2].Arguments = (&ledgertest.Commands{}).Grant(s.Lots[1].Wallet, 3, ledgertest.Terms{}).Arguments
		}, "I10, I11, I12"},
		"type_of_another_journal": {func(s *ledgertest.Snapshot) { s.Journals[1].Type = "GIFT" }, "I10, I11, I12"},
		"status_nobody_changed":   {func(s *ledgertest.Snapshot) { account(s, "WALLET").Balance.Status = ledger.StatusFrozen }, "I10, I11, I12"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sound(t)
			c.spoil(&s)
			for _, err := range s.Check(market.Rules()) {
				if strings.HasPrefix(err.Error(), c.want+":") {
					return
				}
			}
			t.Errorf("Check() does not find it: %v", s.Check(market.Rules()))
		})
	}
}

// last returns the row that is back rows before the last.
func last[Row any](rows []Row, back int) *Row { return &rows[len(rows)-1-back] }

func TestDiff(t *testing.T) {
	t.Parallel()
	a, b := sound(t), sound(t)
	slices.Reverse(b.Postings)
	slices.Reverse(b.Keys)
	b.Places = append(b.Places, ledger.Place{Lot: ledger.ID{9}})
	for i := range b.Journals {
		b.Journals[i].PostedAt = b.Journals[i].PostedAt.In(time.FixedZone("", 3600))
	}
	if diff := ledgertest.Diff(a, b); diff != "" {
		t.Errorf("order, empty places and zones show:\n%s", diff)
	}
	for name, spoil := range map[string]func(*ledgertest.Snapshot){
		"head":     func(s *ledgertest.Snapshot) { s.Seq++ },
		"account":  func(s *ledgertest.Snapshot) { s.Accounts[0].Balance.Version++ },
		"journal":  func(s *ledgertest.Snapshot) { s.Journals[0].InitiatedBy = "x" },
		"posting":  func(s *ledgertest.Snapshot) { s.Postings[0].Amount++ },
		"movement": func(s *ledgertest.Snapshot) { s.Movements[0].Basis++ },
		"lot":      func(s *ledgertest.Snapshot) { s.Lots[0].Priority++ },
		"place":    func(s *ledgertest.Snapshot) { s.Places[0].Quantity++ },
		"day":      func(s *ledgertest.Snapshot) { s.BackDated[0].Credits++ },
		"trial":    func(s *ledgertest.Snapshot) { s.Trial[0].Debits++ },
		"key":      func(s *ledgertest.Snapshot) { s.Keys[0].Stored.Fingerprint[5]++ },
		"once":     func(s *ledgertest.Snapshot) { s.Once[0].Once = "q" },
		"gate":     func(s *ledgertest.Snapshot) { s.Gates[0].Version++ },
		"missing":  func(s *ledgertest.Snapshot) { s.Postings = s.Postings[1:] },
		"twice":    func(s *ledgertest.Snapshot) { s.BackDated = append(s.BackDated, s.BackDated[0]) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sound(t)
			spoil(&s)
			if ledgertest.Diff(a, s) == "" || ledgertest.Diff(s, a) == "" {
				t.Error("Diff() does not show it")
			}
		})
	}
}
