package ledgertest

import (
	"errors"
	"slices"
	"time"

	"purser/ledger"
)

var dryRunCases = []testCase{
	{name: "dry_run_writes_nothing_and_says_what_the_post_does", run: dryRuns},
	{name: "dry_run_of_a_used_key_is_its_replay", run: dryRunReplay},
	{name: "dry_run_needs_no_lock", run: dryRunUnlocked},
	{name: "dry_run_of_an_invalid_command", run: dryRunInvalid},
	{name: "explain_adds_up", run: explainAddsUp},
}

// dryRun runs a command dry, which must leave every row as it is (I25), then posts
// it and compares what became of it with what was said.
func (b *bench) dryRun(c ledger.Command) ledger.Outcome {
	b.t.Helper()
	before := b.snapshot()
	said, deltas, err := b.ledger.DryRun(b.context(), c)
	if err != nil {
		b.t.Fatalf("DryRun(%s) = %v", c.Template, err)
	}
	if diff := Diff(before, b.snapshot()); diff != "" {
		b.t.Errorf("a dry run of %s changed the book (I25):\n%s", c.Template, diff)
	}
	if said.BookSeq != before.Seq {
		b.t.Errorf("a dry run of %s at seq %d says %d", c.Template, before.Seq, said.BookSeq)
	}
	done := b.post(c)
	said.BookSeq = done.BookSeq
	if w, g := (answer{Outcome: done}).print(), (answer{Outcome: said}).print(); w != g {
		b.t.Errorf("a dry run of %s said %s, the post %s", c.Template, g, w)
	}
	b.wantWritten(before.Seq, c.Template, deltas)
	return done
}

// wantWritten checks that the journals behind a seq are the ones that a dry run told,
// but for the instant.
func (b *bench) wantWritten(behind int64, template string, deltas []*ledger.Delta) {
	b.t.Helper()
	after := b.snapshot()
	written := map[ledger.ID]bool{}
	var told, wrote Snapshot
	for _, j := range after.Journals {
		if j.Seq > behind {
			written[j.ID] = true
			wrote.Journals = append(wrote.Journals, j)
		}
	}
	for _, delta := range deltas {
		if delta.Journal.EffectiveAt.Equal(delta.Journal.PostedAt) {
			delta.Journal.EffectiveAt = after.LastPostedAt
		}
		delta.Journal.PostedAt = after.LastPostedAt // some microseconds went by, or none
		told.addDelta(delta)
	}
	wrote.Periods = slices.DeleteFunc(after.Periods, func(p ledger.PeriodChange) bool { return !written[p.Journal] })
	wrote.Postings = slices.DeleteFunc(after.Postings, func(p ledger.JournalPosting) bool { return !written[p.Journal] })
	wrote.Movements = slices.DeleteFunc(after.Movements, func(m ledger.JournalMovement) bool { return !written[m.Journal] })
	if diff := Diff(wrote, told); diff != "" {
		b.t.Errorf("a dry run of %s told other rows than the post wrote:\n%s", template, diff)
	}
}

func dryRuns(b *bench) {
	wallet, other := b.NewID(), b.NewID()
	place := b.PlaceHold(wallet, PurposeBid, 5, epoch.Add(time.Hour))
	purchase := b.PurchaseWithTax(wallet, 7, twelveDollars, 100, Terms{ExpiresAt: epoch.Add(2 * time.Hour)})
	spend := b.Spend(wallet, 1)
	for _, c := range []ledger.Command{
		b.OpenWallet(wallet), b.OpenWallet(other), purchase, b.Grant(wallet, 4, Terms{ExpiresAt: epoch.Add(time.Hour)}), place,
		b.Capture(HoldOf(place), 1), b.IncreaseHold(HoldOf(place), 1), b.ReleaseHold(HoldOf(place), 1), spend, b.Spend(wallet, 100),
		b.Transfer(wallet, other, 2), b.ReverseRest(spend.ID, TypeReturn), b.SetLimit(wallet, time.Hour, 0), b.Spend(wallet, 1), b.LiftLimit(wallet, time.Hour),
		b.ClosePeriod("2031-02"), dated(b.Spend(wallet, 1), 2031, 2, 3), b.Freeze(wallet), b.Spend(wallet, 1), b.Unfreeze(wallet), b.CloseWallet(wallet), b.Fact(),
	} {
		b.dryRun(c)
	}
	b.clock.Advance(90 * time.Minute)
	b.dryRun(b.Capture(HoldOf(place), 1))
	b.dryRun(b.Spend(wallet, 100))
	b.dryRun(b.Spend(wallet, 1)) // the expired hold goes first
	b.wantHold(HoldOf(place), 6, 1, 5, ledger.HoldCaptured)
	b.dryRun(b.ExpireUnits(wallet))
	b.dryRun(b.ReverseRest(purchase.ID, TypeReversal))
}

func dryRunReplay(b *bench) {
	wallet := b.funded(5)
	spend := b.Spend(wallet, 2)
	b.accept(spend)
	before := b.snapshot()
	said, deltas, err := b.ledger.DryRun(b.context(), b.again(spend))
	if err != nil || !said.Replayed || said.Journal != spend.ID || len(deltas) != 0 {
		b.t.Errorf("DryRun() = %+v, %d deltas, %v; want a replay", said, len(deltas), err)
	}
	other := b.Spend(wallet, 1)
	other.Key = spend.Key
	if said, _, err = b.ledger.DryRun(b.context(), other); err != nil || !errors.Is(said.Refusal, ledger.ErrIdempotencyConflict) {
		b.t.Errorf("DryRun() = %+v, %v; want a conflict", said, err)
	}
	if diff := Diff(before, b.snapshot()); diff != "" {
		b.t.Errorf("dry runs changed the book (I25):\n%s", diff)
	}
}

// dryRunUnlocked runs dry while a batch of the same book holds its head.
func dryRunUnlocked(b *bench) {
	wallet := b.funded(5)
	entered := false
	err := b.store.Batch(b.context(), b.needs(b.Fact()), func(*ledger.State) (*ledger.Writes, error) {
		entered = true
		said, _, err := b.ledger.DryRun(b.context(), b.Spend(wallet, 2))
		if err != nil || said.Refusal != nil {
			b.t.Errorf("DryRun() under another's lock = %+v, %v", said, err)
		}
		return nil, nil
	})
	if err != nil || !entered {
		b.t.Errorf("Batch() = %v", err)
	}
}

func dryRunInvalid(b *bench) {
	wallet := b.funded(5)
	nameless := b.Spend(wallet, 1)
	nameless.ID = ledger.NilID
	for _, c := range []ledger.Command{b.Command("NO_SUCH", nil), nameless} {
		if said, _, err := b.ledger.DryRun(b.context(), c); !errors.Is(err, ledger.ErrInvalidCommand) {
			b.t.Errorf("DryRun(%s) = %+v, %v, want ErrInvalidCommand", c.Template, said, err)
		}
	}
}

// explainAddsUp compares what an account is said to have with what it gives.
func explainAddsUp(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	open := b.hold(wallet, PurposeBid, 5, time.Time{})
	gone := b.hold(wallet, PurposeLease, 2, epoch.Add(30*time.Minute))
	b.accept(b.SetLimit(wallet, time.Hour, 100))
	b.clock.Advance(2 * time.Hour)
	before := b.snapshot()
	e, err := b.ledger.Explain(b.context(), b.Book, b.account(available(wallet), ledger.CNX))
	if err != nil {
		b.t.Fatalf("Explain() = %v", err)
	}
	if diff := Diff(before, b.snapshot()); diff != "" {
		b.t.Errorf("an explanation changed the book:\n%s", diff)
	}
	// 4 promotional and 1 paid unit are in the open hold, 2 paid ones in the expired.
	if e.Posted != 10 || e.Held != 5 || e.Available != 5 || e.Expired != 0 || e.Posted-e.Held != e.Available || e.BookSeq != before.Seq {
		b.t.Errorf("posted %d, held %d, available %d, expired %d; want 10, 5, 5, 0", e.Posted, e.Held, e.Available, e.Expired)
	}
	if len(e.Holds) != 2 || e.Holds[0].ID != gone.ID || e.Holds[1].ID != open.ID || len(e.Limits) != 1 || e.Limits[0].Used != 0 {
		b.t.Errorf("holds %+v, limits %+v; want two, soonest expiry first, and an unused one", e.Holds, e.Limits)
	}
	sums := map[ledger.ID]int64{}
	for _, lot := range e.Lots {
		sums[lot.Lot.ID] += lot.Quantity
	}
	if sums[promo] != 4 || sums[paid] != 6 {
		b.t.Errorf("lots %v, want 4 of %s and 6 of %s", sums, promo, paid)
	}
	b.refuse(b.Spend(wallet, e.Available+1), ledger.ErrInsufficientFunds)
	b.accept(b.Spend(wallet, e.Available))
	if _, err := b.ledger.Explain(b.context(), b.Book, b.NewID()); !errors.Is(err, ledger.ErrAccountMissing) {
		b.t.Errorf("Explain() of no account = %v, want ErrAccountMissing", err)
	}
}
