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

// escrowBook is a book in which everything holds: a campaign funded from two lots, charged,
// released in part after one of them had expired, and charged for what had.
type escrowBook struct {
	ledgertest.Snapshot
	promo, paid           ledger.ID
	fund, release, charge ledger.ID
}

func newEscrowBook(t *testing.T) *escrowBook {
	t.Helper()
	memory, commands := &ledgertest.Memory{Narrow: true}, &ledgertest.Commands{Book: 1}
	now := day
	l := ledger.New(ledger.Config{Rules: market.Rules(), Store: memory, Clock: func() time.Time { return now }})
	post := func(c ledger.Command) ledger.ID {
		t.Helper()
		if outcome, err := l.Post(context.Background(), c); err != nil || outcome.Refusal != nil {
			t.Fatalf("Post(%s) = %+v, %v", c.Template, outcome, err)
		}
		return c.ID
	}
	who, campaign := commands.NewID(), commands.NewID()
	post(commands.OpenWallet(who))
	post(commands.OpenCampaign(who, campaign))
	b := &escrowBook{
		paid:  post(commands.Purchase(who, 7, ledgertest.Price{Money: ledger.USD, Minor: 100}, ledgertest.Terms{ExpiresAt: day.AddDate(0, 0, 9)})),
		promo: post(commands.Grant(who, 2, ledgertest.Terms{ExpiresAt: day.AddDate(0, 0, 1)})),
		fund:  post(commands.Fund(who, campaign, 5)),
	}
	post(commands.Charge(who, campaign, 1))
	now = day.AddDate(0, 0, 2)
	b.release = post(commands.Release(who, campaign, 2))
	b.charge = post(commands.Charge(who, campaign, 2))
	if err := l.Close(context.Background()); err != nil {
		t.Fatalf("Close() = %v", err)
	}
	b.Snapshot = memory.Snapshot(1)
	return b
}

func (b *escrowBook) movements(journal ledger.ID) []*ledger.JournalMovement {
	var found []*ledger.JournalMovement
	for i := range b.Movements {
		if b.Movements[i].Journal == journal {
			found = append(found, &b.Movements[i])
		}
	}
	return found
}

func (b *escrowBook) lot(id ledger.ID) *ledger.Lot {
	return &b.Lots[slices.IndexFunc(b.Lots, func(l ledger.Lot) bool { return l.ID == id })]
}

// TestCheckFindsInEscrow spoils what only campaigns do.
func TestCheckFindsInEscrow(t *testing.T) {
	t.Parallel()
	if errs := newEscrowBook(t).Check(market.Rules()); len(errs) > 0 {
		t.Fatalf("Check() of a sound book = %v", errs)
	}
	for name, c := range map[string]struct {
		spoil func(*escrowBook)
		want  string
	}{
		"units_of_another_wallet": {func(b *escrowBook) { b.lot(b.paid).Wallet = ledger.ID{9} }, "I9"},
		"units_that_left_and_came_nowhere": {func(b *escrowBook) {
			b.movements(b.fund)[1].Quantity--
		}, "I9"},
		"funded_after_expiry": {func(b *escrowBook) { b.lot(b.promo).ExpiresAt = day }, "I10"},
		"charged_out_of_order": {func(b *escrowBook) {
			moves := b.movements(b.charge)
			moves[0].Lot, moves[1].Lot = moves[1].Lot, moves[0].Lot
			moves[0].Money, moves[1].Money = moves[1].Money, moves[0].Money
		}, "I10"},
		"released_in_spend_order": {func(b *escrowBook) {
			for _, m := range b.movements(b.release) {
				m.Lot, m.Money, m.Quantity = b.promo, "", m.Quantity/2
			}
		}, "I10"},
		"basis_moved_along": {func(b *escrowBook) {
			moves := b.movements(b.release)
			moves[0].Basis, moves[1].Basis = -5, 5
		}, "I29"},
		"escrow_from_nowhere": {func(b *escrowBook) { account(&b.Snapshot, "CAMPAIGN").Balance.Credits++ }, "I30"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newEscrowBook(t)
			c.spoil(b)
			for _, err := range b.Check(market.Rules()) {
				if strings.HasPrefix(err.Error(), c.want+":") {
					return
				}
			}
			t.Errorf("Check() does not find it: %v", b.Check(market.Rules()))
		})
	}
}
