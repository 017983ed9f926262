package postgres

import (
	"fmt"

	"purser/internal/wallet"
	"purser/ledger"
)

// fold replays one journal and compares what it would write with what is there.
func (v *verifier) fold(stored *chainJournal) *ledger.Delta {
	order := "I10"
	if !stored.Reverses.IsZero() {
		order = "I11"
	}
	delta, err := v.refold(stored)
	if err != nil {
		v.broken = true
		v.past.expect(false, order, "book %d: journal %s (seq %d) does not replay: %v", v.book, stored.ID, stored.Seq, err)
		v.past.expect(false, "I22", "book %d: projections cannot be re-derived past seq %d", v.book, stored.Seq)
		return nil
	}
	for _, account := range delta.Opened {
		v.accounts[account.ID] = &accountSum{class: account.Class, code: account.Code}
		if account.Class == wallet.ClassAvailable {
			v.sketches.spend.owner(account.Owner)
		}
	}
	v.sumLotTerms(delta)
	v.compareHeader(stored, &delta.Journal)
	v.comparePostings(stored, delta)
	v.compareMovements(stored, delta, order)
	return delta
}

// refold folds the journal again. The fold panics over a state that cannot be, which
// rows that were tampered with can make.
func (v *verifier) refold(stored *chainJournal) (delta *ledger.Delta, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			delta, err = nil, fmt.Errorf("%v", thrown)
		}
	}()
	if stored.Arguments, err = ledger.DecodeArguments(stored.arguments); err != nil {
		return nil, err
	}
	return v.rules.Replay(v.state, stored.Journal)
}

func (v *verifier) compareHeader(stored *chainJournal, folded *ledger.Journal) {
	if folded.Type != stored.Type || folded.BookedOn != stored.BookedOn || folded.Wallet != stored.Wallet || folded.Reverses != stored.Reverses ||
		folded.Quantity != stored.Quantity || folded.Subject != stored.Subject || folded.Hold != stored.Hold || folded.HoldEvent != stored.HoldEvent {
		v.past.expect(false, "I22", "book %d: the columns of journal %s (seq %d) are not what its template gives", v.book, stored.ID, stored.Seq)
	}
}

func (v *verifier) comparePostings(stored *chainJournal, delta *ledger.Delta) {
	if len(delta.Postings) != len(stored.postings) {
		v.past.expect(false, "I22", "book %d: journal %s has %d postings, its template gives %d", v.book, stored.ID, len(stored.postings), len(delta.Postings))
	}
	for i := range min(len(delta.Postings), len(stored.postings)) {
		want, got := &delta.Postings[i], &stored.postings[i]
		if want.Debit != got.Debit || want.Credit != got.Credit || want.Amount != got.Amount || want.Commodity != got.Commodity ||
			!equalNet(want.DebitNet, got.DebitNet) || !equalNet(want.CreditNet, got.CreditNet) {
			v.past.expect(false, "I22", "book %d: journal %s line %d is not what its template gives", v.book, stored.ID, got.Line)
		}
	}
}

func equalNet(a, b *int64) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

func (v *verifier) compareMovements(stored *chainJournal, delta *ledger.Delta, order string) {
	if len(delta.Movements) != len(stored.movements) {
		v.past.expect(false, order, "book %d: journal %s moved %d lots, policy order gives %d", v.book, stored.ID, len(stored.movements), len(delta.Movements))
	}
	for i := range min(len(delta.Movements), len(stored.movements)) {
		if want, got := delta.Movements[i], stored.movements[i]; want != got {
			v.past.expect(false, order, "book %d: journal %s moved %d of lot %s (basis %d, tax %d), policy order gives %d of lot %s (basis %d, tax %d)",
				v.book, stored.ID, got.Quantity, got.Lot, got.Basis, got.Tax, want.Quantity, want.Lot, want.Basis, want.Tax)
		}
	}
}
