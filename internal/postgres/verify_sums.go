package postgres

import (
	"purser/ledger"
)

// checkLinks adds the journal to the hash chain, and compares the batches and
// checkpoints that end with it (I18, I21).
func (v *verifier) checkLinks(stored *chainJournal, slice *verifySlice) {
	chained := v.chain.OK() && stored.Seq > v.chain.seq // a chain that was computed anew may be ahead
	if chained {
		v.chain.journal(stored)
	}
	for ; len(slice.links) > 0 && slice.links[0].last <= stored.Seq; slice.links = slice.links[1:] {
		link := &slice.links[0]
		if link.first != v.batch.last+1 {
			v.past.expect(false, "I18", "book %d: the batch of seq %d to %d follows one that ended with seq %d", v.book, link.first, link.last, v.batch.last)
		}
		if !link.posted.Time.After(v.batch.posted.Time) {
			v.past.expect(false, "I18", "book %d: the batch of seq %d to %d was posted no later than its predecessor", v.book, link.first, link.last)
		}
		v.batch = *link
		if chained {
			v.chain.link(link)
		}
	}
	for ; len(slice.checkpoints) > 0 && slice.checkpoints[0].Seq <= stored.Seq; slice.checkpoints = slice.checkpoints[1:] {
		if chained {
			v.chain.checkpoint(&slice.checkpoints[0])
		}
	}
}

func (v *verifier) sumReversals(stored *chainJournal, slice *verifySlice) {
	var moved int64
	for i := range stored.movements {
		moved += max(stored.movements[i].Quantity, -stored.movements[i].Quantity)
	}
	v.left[stored.ID] = moved
	if stored.Reverses.IsZero() {
		return
	}
	if record, known := slice.originals[stored.Reverses]; known && v.state.Journals[stored.Reverses] == nil {
		v.state.Journals[stored.Reverses] = record
	}
	left, known := v.left[stored.Reverses]
	v.past.expect(known && stored.Quantity <= left, "I17", "book %d: journal %s reverses %d of journal %s, which has %d left",
		v.book, stored.ID, stored.Quantity, stored.Reverses, left)
	v.left[stored.Reverses] = left - stored.Quantity
}

func (v *verifier) sumPostings(stored *chainJournal) {
	for i := range stored.postings {
		posting := &stored.postings[i]
		debit, credit := v.account(posting.Debit), v.account(posting.Credit)
		debit.debits, debit.version = debit.debits+posting.Amount, debit.version+1
		v.checkAfter(stored, posting.Line, debit, posting.DebitVersion, posting.DebitBalance)
		credit.credits, credit.version = credit.credits+posting.Amount, credit.version+1
		v.checkAfter(stored, posting.Line, credit, posting.CreditVersion, posting.CreditBalance)
		v.addDay(stored, posting.Debit, debit, string(posting.Commodity), posting.Amount, 0)
		v.addDay(stored, posting.Credit, credit, string(posting.Commodity), 0, posting.Amount)
	}
}

// checkAfter compares the version and balance a posting recorded with the sums
// of the postings so far.
func (v *verifier) checkAfter(stored *chainJournal, line int16, sum *accountSum, version, balance int64) {
	class, _ := v.rules.Class(sum.class)
	want := ledger.Balance{Debits: sum.debits, Credits: sum.credits}.On(class.Normal)
	if version != sum.version {
		v.past.expect(false, "I4", "book %d: journal %s line %d is version %d of %s, expected %d", v.book, stored.ID, line, version, sum.code, sum.version)
	}
	if balance != want && sum.class != "" {
		v.past.expect(false, "I4", "book %d: journal %s line %d leaves %d on %s, expected %d", v.book, stored.ID, line, balance, sum.code, want)
	}
}

func (v *verifier) account(id ledger.ID) *accountSum {
	sum, ok := v.accounts[id]
	if !ok {
		sum = &accountSum{code: id.String()}
		v.accounts[id] = sum
	}
	return sum
}

func (v *verifier) addDay(stored *chainJournal, account ledger.ID, sum *accountSum, commodity string, debits, credits int64) {
	if day := (dayOf{account, ledger.DateOf(stored.PostedAt), stored.BookedOn}); day.postedOn != day.bookedOn {
		sketchAdd(v.sketches.backDated, account, day, debits, credits)
	}
	line := trialOf{sum.class, commodity, stored.BookedOn}
	v.trial[line] = counters{v.trial[line].plus + debits, v.trial[line].minus + credits}
}

func (v *verifier) sumMovements(stored *chainJournal) {
	for i := range stored.movements {
		m := &stored.movements[i]
		sum, ok := v.lots[m.Lot]
		if !ok {
			sum = &lotSum{}
			v.lots[m.Lot] = sum
		}
		sum.remaining, sum.basis, sum.tax = sum.remaining+m.Quantity, sum.basis+m.Basis, sum.tax+m.Tax
		if *sum == (lotSum{}) {
			delete(v.lots, m.Lot)
		}
		if m.Money != "" {
			v.basis[m.Money] += m.Basis
		}
		place := ledger.Place{Lot: m.Lot, Account: m.Account, Hold: m.Hold}
		if v.places[place] += m.Quantity; v.places[place] == 0 {
			delete(v.places, place)
		}
	}
}
