package ledgertest

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"purser/ledger"
)

// leg is a posting as people write it.
type leg struct {
	debit, credit string
	amount        int64
	commodity     ledger.Commodity
}

// wantPostings checks a journal's postings, in order.
func (b *bench) wantPostings(journal ledger.ID, want ...leg) {
	b.t.Helper()
	s := b.snapshot()
	codes := map[ledger.ID]string{}
	for _, row := range s.Accounts {
		codes[row.Account.ID] = row.Account.Code
	}
	got := make([]leg, len(want))
	count := 0
	for _, p := range s.Postings {
		if p.Journal != journal {
			continue
		}
		if count++; int(p.Line) < len(got) {
			got[p.Line] = leg{codes[p.Debit], codes[p.Credit], p.Amount, p.Commodity}
		}
	}
	if count != len(want) || !slices.Equal(got, want) {
		b.t.Errorf("journal %s has %d postings\n got %v\nwant %v", journal, count, got, want)
	}
}

// moved is a lot movement as people write it.
type moved struct {
	lot             ledger.ID
	quantity, basis int64
}

// wantMovements checks a journal's lot movements, in order.
func (b *bench) wantMovements(journal ledger.ID, want ...moved) {
	b.t.Helper()
	got := make([]moved, len(want))
	count := 0
	for _, m := range b.snapshot().Movements {
		if m.Journal != journal {
			continue
		}
		if count++; int(m.Line) < len(got) {
			got[m.Line] = moved{m.Lot, m.Quantity, m.Basis}
		}
	}
	if count != len(want) || !slices.Equal(got, want) {
		b.t.Errorf("journal %s has %d lot movements\n got %v\nwant %v", journal, count, got, want)
	}
}

// journal returns a stored journal.
func (b *bench) journal(id ledger.ID) ledger.Journal {
	b.t.Helper()
	journals := b.snapshot().Journals
	at := slices.IndexFunc(journals, func(j ledger.Journal) bool { return j.ID == id })
	if at < 0 {
		b.t.Fatalf("journal %s is not there", id)
	}
	return journals[at]
}

// holdRow returns a stored hold.
func (b *bench) holdRow(id ledger.ID) ledger.Hold {
	b.t.Helper()
	holds := b.snapshot().Holds
	at := slices.IndexFunc(holds, func(h ledger.Hold) bool { return h.ID == id })
	if at < 0 {
		b.t.Fatalf("hold %s is not there", id)
	}
	return holds[at]
}

func (b *bench) wantHold(hold HoldRef, reserved, captured, released int64, status ledger.HoldStatus) {
	b.t.Helper()
	if got := b.holdRow(hold.ID); got.Reserved != reserved || got.Captured != captured || got.Released != released || got.Status != status {
		b.t.Errorf("hold %s: %d reserved, %d captured, %d released, %s; want %d, %d, %d, %s",
			hold.ID, got.Reserved, got.Captured, got.Released, got.Status, reserved, captured, released, status)
	}
}

// wantPlacesOf checks of which lots a hold has units.
func (b *bench) wantPlacesOf(hold HoldRef, want map[ledger.ID]int64) {
	b.t.Helper()
	got := map[ledger.ID]int64{}
	for _, place := range b.snapshot().Places {
		if place.Hold == hold.ID && place.Quantity != 0 {
			got[place.Lot] = place.Quantity
		}
	}
	if !maps.Equal(got, want) {
		b.t.Errorf("hold %s has %v, want %v", hold.ID, got, want)
	}
}

// countAccepted posts so many commands at once, of which each must be accepted or
// refused in one of two ways, and returns how many were accepted.
func (b *bench) countAccepted(commands int, refused, orRefused error, post func(i int) (ledger.Outcome, error)) int {
	b.t.Helper()
	var accepted atomic.Int32
	var group sync.WaitGroup
	for i := range commands {
		group.Go(func() {
			switch outcome, err := post(i); {
			case err == nil && outcome.Refusal == nil:
				accepted.Add(1)
			case err != nil || !errors.Is(outcome.Refusal, refused) && !errors.Is(outcome.Refusal, orRefused):
				b.t.Errorf("Post() = %+v, %v", outcome, err)
			}
		})
	}
	group.Wait()
	return int(accepted.Load())
}
