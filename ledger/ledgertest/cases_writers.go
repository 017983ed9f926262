package ledgertest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"purser/ledger"
)

var writerCases = []testCase{
	{name: "100_spends_of_10_at_once_on_500", run: spendsAtOnce},
	{name: "two_writers_of_one_book_lose_nothing", run: twoLedgers},
	{name: "submitted_in_order_is_decided_in_order", run: submitOrder},
	{name: "batch_is_the_commands_one_by_one", run: batchIsSingles},
	{name: "batches_have_a_bound", run: batchBound},
	{name: "full_queue_is_overloaded_at_once", run: overloaded},
	{name: "caller_that_leaves_takes_nobody_along", run: cancellation},
	{name: "caller_that_leaves_in_flight_can_ask_again", run: leaveInFlight},
	{name: "close_drains_and_then_refuses", run: closeDrains},
	{name: "posted_at_rises_while_the_clock_falls", run: clockFalls},
}

func spendsAtOnce(b *bench) {
	wallet := b.funded(500)
	var accepted, refused atomic.Int32
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			outcome, err := b.ledger.Post(b.context(), b.Spend(wallet, 10))
			switch {
			case err == nil && outcome.Refusal == nil:
				accepted.Add(1)
			case err == nil && errors.Is(outcome.Refusal, ledger.ErrInsufficientFunds):
				refused.Add(1)
			default:
				b.t.Errorf("Post() = %+v, %v", outcome, err)
			}
		})
	}
	group.Wait()
	if accepted.Load() != 50 || refused.Load() != 50 {
		b.t.Errorf("%d accepted and %d refused, want 50 and 50", accepted.Load(), refused.Load())
	}
	b.wantBalance(available(wallet), ledger.CNX, 0)
}

// twoLedgers stands for two server processes on one database.
func twoLedgers(b *bench) {
	wallets := []ledger.ID{b.funded(300), b.funded(300), b.funded(300)}
	other := b.open(b.store)
	var accepted atomic.Int64
	var group sync.WaitGroup
	for worker := range 16 {
		group.Go(func() {
			l := []*ledger.Ledger{b.ledger, other}[worker%2]
			for turn := range 10 {
				wallet := wallets[(worker+turn)%len(wallets)]
				outcome, err := l.Post(b.context(), b.Spend(wallet, 10))
				if err != nil {
					b.t.Errorf("Post() = %v", err)
				} else if outcome.Refusal == nil {
					accepted.Add(1)
				}
			}
		})
	}
	group.Wait()
	if accepted.Load() != 90 { // 160 spends of 10 on three wallets of 300
		b.t.Errorf("%d spends were accepted, want 90", accepted.Load())
	}
	b.wantBalance(ClassConsumed, ledger.CNX, 900)
}

func submitOrder(b *bench) {
	wallet := b.funded(100)
	waiting := make([]*ledger.Pending, 50)
	for i := range waiting {
		waiting[i], _ = b.ledger.Submit(b.context(), b.Spend(wallet, 1))
	}
	var last int64
	for i, pending := range waiting {
		outcome, err := pending.Wait(b.context())
		if err != nil || outcome.Seq <= last || outcome.BookSeq < outcome.Seq {
			b.t.Fatalf("command %d got %+v, %v behind seq %d", i, outcome, err, last)
		}
		last = outcome.Seq
	}
}

func batchIsSingles(b *bench) {
	wallet, other := b.NewID(), b.NewID()
	purchase, spend := b.Purchase(wallet, 7, twelveDollars, Terms{}), b.Spend(wallet, 9)
	once, twice := b.Spend(wallet, 1), b.Spend(wallet, 1)
	once.Once, twice.Once = "p", "p"
	b.sameOneByOne(
		b.OpenWallet(wallet), b.OpenWallet(other), purchase, b.Grant(wallet, 5, Terms{ExpiresAt: epoch.AddDate(0, 0, 1)}), spend,
		b.Spend(other, 1), b.Reverse(spend.ID, TypeReturn, 3), b.Spend(wallet, 100), once, twice, b.Freeze(wallet), b.Spend(wallet, 1),
		b.ReverseRest(spend.ID, TypeReturn), b.Unfreeze(wallet), b.Spend(wallet, 2), b.again(spend), b.ReverseRest(purchase.ID, TypeReversal), b.Fact())
}

// sameOneByOne posts the same commands as one batch here and one by one to a
// model: the books may differ in when, not in what (I14).
func (b *bench) sameOneByOne(commands ...ledger.Command) {
	b.t.Helper()
	for i := range commands {
		commands[i].EffectiveAt = epoch.Add(time.Duration(i) * time.Minute)
	}
	plug := b.Fact()
	plug.EffectiveAt = epoch
	stile := newTurnstile(b.store)
	got := together(b.t, b.open(stile), stile, plug, commands)
	if stile.batches.Load() != 2 {
		b.t.Errorf("decided in %d batches, want 1", stile.batches.Load()-1)
	}

	model := &Memory{}
	l := b.open(model)
	for i, c := range append([]ledger.Command{plug}, commands...) {
		want, err := l.Post(b.context(), c)
		if err != nil {
			b.t.Fatalf("Post() = %v", err)
		}
		if i == 0 {
			continue
		}
		if g := got[i-1]; g.err != nil || g.Journal != want.Journal || g.Seq != want.Seq || g.Replayed != want.Replayed || refusal(g.Refusal) != refusal(want.Refusal) {
			b.t.Errorf("in a batch %s got %+v, %v; alone %+v", c.Template, g.Outcome, g.err, want)
		}
	}
	if diff := Diff(timeless(model.Snapshot(b.Book)), timeless(b.snapshot())); diff != "" {
		b.t.Errorf("a batch is not its commands one by one (I14):\n%s", diff)
	}
}

// timeless leaves out when rows were written, and the chain, which has a link per
// batch.
func timeless(s Snapshot) Snapshot {
	s.LastPostedAt, s.Links, s.Hash = time.Time{}, nil, ledger.Hash{}
	s.Holds = slices.Clone(s.Holds)
	for i := range s.Holds {
		s.Holds[i].OpenedAt, s.Holds[i].ClosedAt = time.Time{}, time.Time{}
	}
	s.Journals = slices.Clone(s.Journals)
	for i := range s.Journals {
		s.Journals[i].PostedAt = time.Time{}
	}
	return s
}

func batchBound(b *bench) {
	stile := newTurnstile(b.store)
	commands := make([]ledger.Command, 1500)
	for i := range commands {
		commands[i] = b.Fact()
	}
	for i, a := range together(b.t, b.open(stile), stile, b.Fact(), commands) {
		if a.err != nil || a.Seq != int64(i+2) {
			b.t.Fatalf("command %d got %+v", i, a)
		}
	}
	if first, second := <-stile.sizes, <-stile.sizes; first != 1000 || second != 500 {
		b.t.Errorf("batches of %d and %d commands, want 1000 and 500", first, second)
	}
}

func overloaded(b *bench) {
	stile := newTurnstile(b.store)
	l := b.open(stile)
	first, err := l.Submit(b.context(), b.Fact())
	if err != nil {
		b.t.Fatalf("Submit() = %v", err)
	}
	<-stile.entered
	crowd, disperse := context.WithCancel(b.context())
	var waiting []*ledger.Pending
	for err == nil {
		var pending *ledger.Pending
		if pending, err = l.Submit(crowd, b.Fact()); err == nil {
			waiting = append(waiting, pending)
		}
		if len(waiting) > 1<<20 {
			b.t.Fatal("the queue has no bound")
		}
	}
	refused := b.Fact()
	if _, err := l.Post(b.context(), refused); !errors.Is(err, ledger.ErrOverloaded) {
		b.t.Errorf("Post() on a full queue = %v, want ErrOverloaded", err)
	}
	disperse()
	close(stile.released)
	if outcome, err := first.Wait(b.context()); err != nil || outcome.Refusal != nil {
		b.t.Errorf("the command in flight got %+v, %v", outcome, err)
	}
	for _, pending := range waiting {
		if _, err := pending.Wait(b.context()); !errors.Is(err, context.Canceled) {
			b.t.Fatalf("a waiting command whose caller left got %v", err)
		}
	}
	if outcome, err := l.Post(b.context(), refused); err != nil || outcome.Replayed || outcome.Seq != 2 {
		b.t.Errorf("the same command later got %+v, %v, want seq 2: ErrOverloaded is not stored", outcome, err)
	}
}

func clockFalls(b *bench) {
	wallet := b.funded(10)
	last := b.snapshot().LastPostedAt
	for range 3 {
		b.clock.Advance(-time.Hour)
		b.accept(b.Spend(wallet, 1))
		if now := b.snapshot().LastPostedAt; !now.Equal(last.Add(time.Microsecond)) {
			b.t.Errorf("posted at %s behind %s, want the next microsecond", now, last)
		}
		last = last.Add(time.Microsecond)
	}
}
