package ledgertest

import (
	"context"
	"slices"

	"purser/ledger"
)

var chainCases = []testCase{
	{name: "batch_has_one_link_and_refusals_have_none", run: chainLinks},
	{name: "two_writers_of_one_book_write_one_chain", run: chainOfTwo},
	{name: "what_was_written_without_a_link_is_in_the_next", run: chainAfterOlder},
}

// chainLinks: every case ends with the chain computed again (I21); here it is what
// the links are for.
func chainLinks(b *bench) {
	if s := b.snapshot(); len(s.Links) != 0 || s.Hash != (ledger.Hash{}) {
		b.t.Errorf("an empty book has %d links and head %s", len(s.Links), s.Hash)
	}
	wallet := b.funded(5)
	b.inOneBatch(b.Spend(wallet, 1), b.Spend(wallet, 9), b.Spend(wallet, 2))
	b.refuse(b.Spend(wallet, 3), ledger.ErrInsufficientFunds)
	s := b.snapshot()
	slices.SortFunc(s.Links, func(x, y Link) int { return int(x.LastSeq - y.LastSeq) })
	var ends []int64
	for _, link := range s.Links {
		ends = append(ends, link.LastSeq)
	}
	if want := []int64{1, 2, 3, 5}; !slices.Equal(ends, want) || s.Links[3].Hash != s.Hash {
		b.t.Errorf("links end at %v with head %s, want %v", ends, s.Hash, want)
	}
}

func chainOfTwo(b *bench) {
	wallet := b.funded(100)
	other := b.open(b.store)
	accepted := b.countAccepted(20, ledger.ErrInsufficientFunds, ledger.ErrInsufficientFunds, func(i int) (ledger.Outcome, error) {
		return []*ledger.Ledger{b.ledger, other}[i%2].Post(b.context(), b.Spend(wallet, 1))
	})
	if s := b.snapshot(); accepted != 20 || s.Seq != 22 || s.Links == nil {
		b.t.Errorf("%d accepted, seq %d", accepted, s.Seq)
	}
}

// unlinked is a program of before the chain: its batches have no link.
type unlinked struct{ ledger.Store }

func (s unlinked) Batch(ctx context.Context, needs *ledger.Needs, fold func(*ledger.State) (*ledger.Writes, error)) error {
	return s.Store.Batch(ctx, needs, func(state *ledger.State) (*ledger.Writes, error) {
		writes, err := fold(state)
		if writes != nil {
			writes.Root, writes.Hash = ledger.Hash{}, ledger.Hash{}
		}
		return writes, err
	})
}

func chainAfterOlder(b *bench) {
	older := b.open(unlinked{b.store})
	post := func(c ledger.Command) {
		b.t.Helper()
		if outcome, err := older.Post(b.context(), c); err != nil || outcome.Refusal != nil {
			b.t.Fatalf("Post() = %+v, %v", outcome, err)
		}
	}
	wallet := b.NewID()
	post(b.OpenWallet(wallet))
	post(b.Grant(wallet, 5, Terms{}))
	if s := b.snapshot(); len(s.Links) != 0 || s.Hash != (ledger.Hash{}) {
		b.t.Fatalf("%d links, head %s before there was a chain", len(s.Links), s.Hash)
	}
	b.accept(b.Spend(wallet, 1))
	post(b.Spend(wallet, 1))
	post(b.Spend(wallet, 1))
	b.accept(b.Spend(wallet, 1))
	s := b.snapshot()
	slices.SortFunc(s.Links, func(x, y Link) int { return int(x.LastSeq - y.LastSeq) })
	if len(s.Links) != 2 || s.Links[0].LastSeq != 3 || s.Links[1].LastSeq != 6 {
		b.t.Errorf("links %+v, want ones up to seq 3 and 6", s.Links)
	}
}
