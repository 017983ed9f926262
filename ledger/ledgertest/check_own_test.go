package ledgertest_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/ledger"
	"purser/ledger/ledgertest"
)

// fullBook is a book of this package's own rules in which everything holds: holds
// that were captured, released and expired, a transfer, expiry with breakage and tax,
// grace, a limit, a closed period and linked commands.
type fullBook struct {
	ledgertest.Snapshot
	first, second          ledger.ID // wallets
	paid                   ledger.ID // a lot
	captured, expired      ledger.ID // holds
	place, capture, expiry ledger.ID // journals
	transfer, swept        ledger.ID
	back                   ledger.ID // a return with grace
}

func newFullBook(t *testing.T) *fullBook {
	t.Helper()
	memory, c := &ledgertest.Memory{Narrow: true}, &ledgertest.Commands{Book: 1}
	now := day
	l := ledger.New(ledger.Config{Rules: ledgertest.Rules(), Store: memory, Clock: func() time.Time { return now }})
	post := func(command ledger.Command) ledger.ID {
		t.Helper()
		if outcome, err := l.Post(context.Background(), command); err != nil || outcome.Refusal != nil {
			t.Fatalf("Post(%s) = %+v, %v", command.Template, outcome, err)
		}
		return command.ID
	}
	b := &fullBook{first: c.NewID(), second: c.NewID()}
	post(c.OpenWallet(b.first))
	post(c.OpenWallet(b.second))
	b.paid = post(c.PurchaseWithTax(b.first, 17, ledgertest.Price{Money: ledger.USD, Minor: 100}, 17, ledgertest.Terms{ExpiresAt: day.Add(5 * time.Hour)}))
	post(c.PurchaseWithTax(b.first, 9, ledgertest.Price{Money: ledger.EUR, Minor: 80}, 7, ledgertest.Terms{}))
	post(c.SetLimit(b.first, 24*time.Hour, 100))
	bid, lease := c.PlaceHold(b.first, ledgertest.PurposeBid, 4, time.Time{}), c.PlaceHold(b.first, ledgertest.PurposeLease, 3, day.Add(time.Hour))
	b.place, b.captured, b.expired = post(bid), bid.ID, post(lease)
	b.capture = post(c.Capture(ledgertest.HoldOf(bid), 2))
	b.transfer = post(c.Transfer(b.first, b.second, 3))
	post(c.ClosePeriod("2031-04"))
	late := c.Spend(b.first, 1)
	late.EffectiveAt = day.AddDate(0, 0, -3)
	post(late)
	now = day.Add(2 * time.Hour)
	b.expiry = post(c.ExpireHold(ledgertest.HoldOf(lease)))
	linked := []ledger.Command{c.Spend(b.first, 1), c.Spend(b.second, 1)}
	if outcomes, err := l.PostLinked(context.Background(), linked); err != nil || outcomes[1].Refusal != nil {
		t.Fatalf("PostLinked() = %+v, %v", outcomes, err)
	}
	now = day.Add(6 * time.Hour)
	b.back = post(ledgertest.WithGrace(c.Reverse(late.ID, ledgertest.TypeReturn, 1), now.Add(time.Hour)))
	post(c.ReleaseHold(ledgertest.HoldOf(bid), 1))
	post(c.Spend(b.first, 1))
	now = day.Add(8 * time.Hour)
	b.swept = post(c.ExpireUnits(b.first))
	if err := l.Close(context.Background()); err != nil {
		t.Fatalf("Close() = %v", err)
	}
	b.Snapshot = memory.Snapshot(1)
	return b
}

func (b *fullBook) hold(id ledger.ID) *ledger.Hold {
	return &b.Holds[slices.IndexFunc(b.Holds, func(h ledger.Hold) bool { return h.ID == id })]
}

func (b *fullBook) lot(id ledger.ID) *ledger.Lot {
	return &b.Lots[slices.IndexFunc(b.Lots, func(l ledger.Lot) bool { return l.ID == id })]
}

func (b *fullBook) child() *ledger.Lot { return b.lot(ledger.ChildLotID(b.paid, b.second)) }

func (b *fullBook) journal(id ledger.ID) *ledger.Journal {
	return &b.Journals[slices.IndexFunc(b.Journals, func(j ledger.Journal) bool { return j.ID == id })]
}

func (b *fullBook) moves(journal ledger.ID) []*ledger.JournalMovement {
	var found []*ledger.JournalMovement
	for i := range b.Movements {
		if b.Movements[i].Journal == journal {
			found = append(found, &b.Movements[i])
		}
	}
	return found
}

func (b *fullBook) grouped() *ledger.Journal {
	return &b.Journals[slices.IndexFunc(b.Journals, func(j ledger.Journal) bool { return !j.Group.IsZero() })]
}

// TestCheckFindsInFullBook spoils what only this package's rules do.
func TestCheckFindsInFullBook(t *testing.T) {
	t.Parallel()
	if errs := newFullBook(t).Check(ledgertest.Rules()); len(errs) > 0 {
		t.Fatalf("Check() of a sound book = %v", errs)
	}
	for name, c := range map[string]struct {
		spoil func(*fullBook)
		want  string
	}{
		"held_balance_off_its_holds":  {func(b *fullBook) { b.hold(b.captured).Released = 0 }, "I6"},
		"units_of_another_hold":       {func(b *fullBook) { b.moves(b.capture)[0].Hold = b.expired }, "I6"},
		"captured_off_its_journals":   {func(b *fullBook) { b.hold(b.captured).Captured++ }, "I7"},
		"reserved_off_its_journals":   {func(b *fullBook) { b.hold(b.captured).Reserved++ }, "I7"},
		"hold_closed_by_nobody":       {func(b *fullBook) { b.hold(b.captured).Status = ledger.HoldReleased }, "I7"},
		"hold_closed_at_another_time": {func(b *fullBook) { b.hold(b.expired).ClosedAt = day }, "I7"},
		"hold_of_no_journal":          {func(b *fullBook) { b.Holds = append(b.Holds, ledger.Hold{ID: ledger.ID{9}}) }, "I7"},
		"hold_that_is_not_there":      {func(b *fullBook) { b.Holds = nil }, "I7"},
		"moved_once_closed": {func(b *fullBook) {
			b.journal(b.swept).Hold, b.journal(b.swept).HoldEvent = b.expired, ledger.EventReleased
		}, "I7"},
		"capture_that_captured_nothing":   {func(b *fullBook) { b.moves(b.capture)[0].Quantity = 2 }, "I7"},
		"captured_after_expiry":           {func(b *fullBook) { b.hold(b.captured).ExpiresAt = day }, "I8"},
		"expired_before_its_time":         {func(b *fullBook) { b.hold(b.expired).ExpiresAt = day.AddDate(0, 0, 1) }, "I8"},
		"expired_hold_that_never_expires": {func(b *fullBook) { b.hold(b.expired).ExpiresAt = time.Time{} }, "I8"},
		"held_units_of_no_hold": {func(b *fullBook) {
			at := slices.IndexFunc(b.Places, func(p ledger.Place) bool { return p.Hold == b.captured && p.Quantity > 0 })
			b.Places[at].Hold = ledger.NilID
		}, "I9"},
		"child_of_no_root":         {func(b *fullBook) { b.child().Root = ledger.ID{9} }, "I9"},
		"child_with_another_life":  {func(b *fullBook) { b.child().ExpiresAt = day.AddDate(1, 0, 0) }, "I9"},
		"child_of_another_wallet":  {func(b *fullBook) { b.child().Wallet = b.first }, "I9"},
		"child_granted_more":       {func(b *fullBook) { b.child().Granted++ }, "I9"},
		"child_worth_more":         {func(b *fullBook) { b.child().Basis++ }, "I9"},
		"transfer_of_other_basis":  {func(b *fullBook) { b.moves(b.transfer)[1].Basis++ }, "I9"},
		"expired_before_expiry":    {func(b *fullBook) { b.lot(b.paid).ExpiresAt = day.AddDate(0, 0, 1) }, "I10"},
		"expiry_that_left_some":    {func(b *fullBook) { b.moves(b.swept)[0].Quantity++ }, "I10"},
		"grace_nobody_gave":        {func(b *fullBook) { b.child().GraceUntil = day.Add(9 * time.Hour) }, "I11"},
		"grace_until_later":        {func(b *fullBook) { b.lot(b.paid).GraceUntil = day.Add(9 * time.Hour) }, "I11"},
		"tax_returned_in_part":     {func(b *fullBook) { b.moves(b.back)[0].Tax-- }, "I11"},
		"booked_in_a_closed_month": {func(b *fullBook) { b.journal(b.swept).BookedOn = ledger.Date{Year: 2031, Month: 4, Day: 30} }, "I20"},
		"booked_on_another_day":    {func(b *fullBook) { b.journal(b.swept).BookedOn.Day++ }, "I20"},
		"closed_by_no_journal":     {func(b *fullBook) { b.Periods = nil }, "I20"},
		"closed_before_its_end":    {func(b *fullBook) { b.Periods[0].Period.Month = 5 }, "I20"},
		"closed_twice":             {func(b *fullBook) { b.Periods = append(b.Periods, b.Periods[0]) }, "I20"},
		"closed_through_later":     {func(b *fullBook) { b.ClosedThrough.Day-- }, "I20"},
		"reopened_by_nobody":       {func(b *fullBook) { b.Periods[0].Event = ledger.PeriodReopened }, "I20"},
		"explanation_changed":      {func(b *fullBook) { b.Journals[3].Explanation = []byte("{}") }, "I21"},
		"posting_changed":          {func(b *fullBook) { b.Postings[2].Amount++ }, "I21"},
		"link_lost":                {func(b *fullBook) { b.Links = b.Links[1:] }, "I21"},
		"link_changed":             {func(b *fullBook) { b.Links[2].Root[0]++ }, "I21"},
		"head_of_another_chain":    {func(b *fullBook) { b.Hash[0]++ }, "I21"},
		"journal_behind_the_chain": {func(b *fullBook) { b.Links = b.Links[:len(b.Links)-1] }, "I21"},
		"group_of_fewer":           {func(b *fullBook) { b.grouped().GroupSize = 3 }, "I27"},
		"group_that_lost_one":      {func(b *fullBook) { b.grouped().Group, b.grouped().GroupSize = ledger.NilID, 0 }, "I27"},
		"tax_off_its_movements":    {func(b *fullBook) { b.lot(b.paid).TaxRemaining++ }, "I29"},
		"more_basis_than_its_share": {func(b *fullBook) {
			b.moves(b.capture)[0].Basis--
		}, "I29"},
		"tax_that_is_not_payable": {func(b *fullBook) { b.moves(b.swept)[0].Tax++ }, "I29"},
		"expired_from_nowhere":    {func(b *fullBook) { account(&b.Snapshot, ledgertest.ClassExpired).Balance.Credits++ }, "I30"},
		"limit_used_by_nobody":    {func(b *fullBook) { b.Limits[0].Used++ }, "I10, I11, I12"},
		"hold_of_another_purpose": {func(b *fullBook) { b.hold(b.captured).Purpose = ledgertest.PurposeLease }, "I10, I11, I12"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newFullBook(t)
			c.spoil(b)
			for _, err := range b.Check(ledgertest.Rules()) {
				if strings.HasPrefix(err.Error(), c.want+":") {
					return
				}
			}
			t.Errorf("Check() does not find it: %v", b.Check(ledgertest.Rules()))
		})
	}
}

// TestDiffOfFullBook: every column of the rows that only these rules write shows.
func TestDiffOfFullBook(t *testing.T) {
	t.Parallel()
	sound := newFullBook(t)
	for name, spoil := range map[string]func(*fullBook){
		"hold":           func(b *fullBook) { b.hold(b.captured).Subject.ID = "x" },
		"hold_expiry":    func(b *fullBook) { b.hold(b.captured).ExpiresAt = day },
		"limit":          func(b *fullBook) { b.Limits[0].WindowStart = day.Add(time.Hour) },
		"limit_missing":  func(b *fullBook) { b.Limits = nil },
		"period":         func(b *fullBook) { b.Periods[0].Event = ledger.PeriodReopened },
		"closed_through": func(b *fullBook) { b.ClosedThrough = ledger.Date{} },
		"link":           func(b *fullBook) { b.Links[0].Hash[9]++ },
		"head":           func(b *fullBook) { b.Hash[9]++ },
		"lot_tax":        func(b *fullBook) { b.lot(b.paid).TaxRemaining++ },
		"lot_root":       func(b *fullBook) { b.child().Root = ledger.NilID },
		"lot_grace":      func(b *fullBook) { b.lot(b.paid).GraceUntil = time.Time{} },
		"movement_hold":  func(b *fullBook) { b.moves(b.capture)[0].Hold = ledger.NilID },
		"movement_tax":   func(b *fullBook) { b.moves(b.capture)[0].Tax++ },
		"place_hold": func(b *fullBook) {
			at := slices.IndexFunc(b.Places, func(p ledger.Place) bool { return p.Hold == b.captured && p.Quantity > 0 })
			b.Places[at].Hold = b.expired
		},
		"journal_hold":  func(b *fullBook) { b.journal(b.capture).Hold = b.expired },
		"journal_event": func(b *fullBook) { b.journal(b.capture).HoldEvent = ledger.EventReleased },
		"journal_group": func(b *fullBook) { b.grouped().GroupSize++ },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newFullBook(t)
			spoil(b)
			if ledgertest.Diff(sound.Snapshot, b.Snapshot) == "" {
				t.Error("Diff() does not show it")
			}
		})
	}
}
