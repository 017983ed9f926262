package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"purser/ledger"
	"purser/ledger/ledgertest"
)

// reply is what became of one command of a batch.
type reply struct {
	ledger.Outcome
	err error
}

// together posts commands as one batch of l behind a fact that waits for the head,
// which another session holds until all of them are queued.
func (d *desk) together(t *testing.T, l *ledger.Ledger, commands ...ledger.Command) []reply {
	t.Helper()
	holder, err := d.super.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // it is committed below
	if _, err := holder.Exec(t.Context(), `SELECT seq FROM book_heads WHERE book_id = $1 FOR UPDATE`, d.Book); err != nil {
		t.Fatal(err)
	}
	all := append([]ledger.Command{d.Fact()}, commands...)
	waiting := make([]*ledger.Pending, len(all))
	for i, c := range all {
		if waiting[i], err = l.Submit(t.Context(), c); err != nil {
			t.Fatalf("command %d: Submit() = %v", i, err)
		}
		if i == 0 {
			d.waitFor(`SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`)
		}
	}
	if err := holder.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	replies := make([]reply, len(all))
	for i := range all {
		replies[i].Outcome, replies[i].err = waiting[i].Wait(t.Context())
	}
	if replies[0].err != nil || replies[0].Refusal != nil {
		t.Fatalf("the first command got %+v", replies[0])
	}
	return replies[1:]
}

// again is the same request under another id.
func (d *desk) again(c ledger.Command) ledger.Command {
	c.ID = d.NewID()
	return c
}

// count returns a number that a statement on the book ends with.
func (d *desk) count(sql string) (n int) {
	d.t.Helper()
	if err := d.super.QueryRow(d.t.Context(), sql, d.Book).Scan(&n); err != nil {
		d.t.Fatal(err)
	}
	return n
}

// TestPoisonAmongMany puts commands that the database itself refuses among a
// hundred others: one that cannot be read for, one that cannot be written.
func TestPoisonAmongMany(t *testing.T) {
	t.Parallel()
	const neighbours = 100
	d := newDesk(t, neighbours)
	l := d.ledger(d.store(openDB(t, d.pg.AppURL)))
	commands := make([]ledger.Command, neighbours+2)
	for i := range commands {
		commands[i] = d.Spend(d.wallet, 1)
	}
	commands[17].Once = "no text in PostgreSQL: \x00"
	commands[76].Subject.Type = "nor is this: \x00"
	poison := map[int]bool{17: true, 76: true}

	seq := int64(0)
	for i, got := range d.together(t, l, commands...) {
		switch {
		case poison[i]:
			if got.err == nil || errors.Is(got.err, ledger.ErrRetry) {
				t.Errorf("the culprit %d got %+v, want what the database said", i, got)
			}
		case got.err != nil || got.Refusal != nil || got.Replayed || got.Journal != commands[i].ID:
			t.Errorf("neighbour %d got %+v, want its journal", i, got)
		case seq != 0 && got.Seq != seq+1:
			t.Errorf("neighbour %d has seq %d behind %d: bisecting changed the order", i, got.Seq, seq)
		default:
			seq = got.Seq
		}
	}
	d.wantBook(t, 3+neighbours, 0)
	mended := d.again(commands[17])
	mended.Once = ""
	if got, err := l.Post(t.Context(), mended); err != nil || !errors.Is(got.Refusal, ledger.ErrInsufficientFunds) || got.Replayed {
		t.Errorf("the key of a culprit got %+v, %v; want it free", got, err)
	}
}

// TestKeysOfABatchInDoubt breaks the connection around the COMMIT of a batch with
// the same keys in it more than once: every answer is that of a batch that went
// through undisturbed (I12, I16, I28).
func TestKeysOfABatchInDoubt(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]fault{
		"undisturbed": forward, "committed_and_the_answer_lost": loseAnswer, "connection_lost_while_committing": breakAtOnce, "commit_lost": loseCommit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, 10)
			through := newProxy(t, d.pg.AppURL)
			l := d.ledger(d.store(openDB(t, through.url())))
			commits := 0
			through.set(func() fault {
				if commits++; commits != 2 { // the first is of the fact before the batch
					return forward
				}
				return what
			})
			spend, refused := d.Spend(d.wallet, 4), d.Spend(d.wallet, 100)
			other := d.Spend(d.wallet, 5)
			other.Key = spend.Key
			got := d.together(t, l, spend, d.again(spend), other, refused, d.again(refused), d.Spend(d.wallet, 6))
			for i, r := range got {
				if r.err != nil {
					t.Fatalf("command %d got %v", i, r.err)
				}
			}
			if got[0].Journal != spend.ID || got[0].Replayed || got[1].Journal != spend.ID || !got[1].Replayed || got[1].Seq != got[0].Seq {
				t.Errorf("the same key twice got %+v and %+v, want one journal twice", got[0], got[1])
			}
			if !errors.Is(got[2].Refusal, ledger.ErrIdempotencyConflict) {
				t.Errorf("another body got %+v, want a conflict", got[2])
			}
			for i, replayed := range map[int]bool{3: false, 4: true} {
				var funds *ledger.InsufficientFundsError
				if got[i].Replayed != replayed || !errors.As(got[i].Refusal, &funds) || funds.Available != 6 || funds.Required != 100 {
					t.Errorf("refused command %d got %+v, want insufficient funds with 6 left, replayed %t", i, got[i], replayed)
				}
			}
			if got[5].Refusal != nil || got[5].Replayed || got[5].Seq != got[0].Seq+1 {
				t.Errorf("the last command got %+v, want the seq behind %d", got[5], got[0].Seq)
			}
			d.wantBook(t, 5, 0)
			if what != forward {
				through.wantMeddled(t, 1)
			}
		})
	}
}

// TestRefusalsWriteKeysOnly decides a batch in which nothing is accepted.
func TestRefusalsWriteKeysOnly(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	l := d.ledger(d.store(openDB(t, d.pg.AppURL)))
	const everything = `SELECT (SELECT sum(seq) FROM book_heads WHERE book_id = $1)::int * 1000000
		+ (SELECT count(*) FROM journals WHERE book_id = $1)::int * 10000 + (SELECT count(*) FROM batches WHERE book_id = $1)::int * 100
		+ (SELECT count(*) FROM outbox WHERE book_id = $1)::int`
	const keys = `SELECT count(*) FROM idempotency_keys WHERE book_id = $1`
	beforeRows, beforeKeys := d.count(everything), d.count(keys)
	for range 5 {
		refused := d.Spend(d.wallet, 2)
		conflict := d.Spend(d.wallet, 1)
		conflict.Key = refused.Key
		for _, c := range []ledger.Command{refused, conflict} {
			if outcome, err := l.Post(t.Context(), c); err != nil || outcome.Refusal == nil || outcome.BookSeq != 2 {
				t.Errorf("got %+v, %v; want a refusal at seq 2", outcome, err)
			}
		}
	}
	if got := d.count(everything); got != beforeRows {
		t.Errorf("head, journals, batches and outbox went from %d to %d", beforeRows, got)
	}
	if got := d.count(keys); got != beforeKeys+5 { // a conflict is not stored
		t.Errorf("keys went from %d to %d, want 5 more", beforeKeys, got)
	}
}

// TestOutcomesSurviveARestart asks a second process, which has seen nothing, for
// every kind of outcome that a first one decided.
func TestOutcomesSurviveARestart(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 50)
	first := d.ledger(d.store(openDB(t, d.pg.AppURL)))
	spent := d.Spend(d.wallet, 3)
	once, frozen := d.Spend(d.wallet, 1), d.NewID()
	once.Once = "happens a single time"
	for _, c := range []ledger.Command{spent, once, d.OpenWallet(frozen), d.Freeze(frozen)} {
		if outcome, err := first.Post(t.Context(), c); err != nil || outcome.Refusal != nil {
			t.Fatal(err, outcome.Refusal)
		}
	}
	onceMore := d.Spend(d.wallet, 1)
	onceMore.Once = once.Once
	cases := map[string]struct {
		command ledger.Command
		want    error
	}{
		"accepted":           {d.Spend(d.wallet, 1), nil},
		"fact":               {d.Fact(), nil},
		"insufficient_funds": {d.Spend(d.wallet, 1000), ledger.ErrInsufficientFunds},
		"already_done":       {onceMore, ledger.ErrAlreadyDone},
		"account_frozen":     {d.Spend(frozen, 1), ledger.ErrAccountFrozen},
		"account_missing":    {d.Spend(d.NewID(), 1), ledger.ErrAccountMissing},
		"status_conflict":    {d.Freeze(frozen), ledger.ErrStatusConflict},
		"reversal_exceeds":   {d.Reverse(spent.ID, ledgertest.TypeReversal, 4), ledger.ErrReversalExceeds},
		"unknown_journal":    {d.Reverse(d.NewID(), ledgertest.TypeReversal, 1), ledger.ErrUnknownJournal},
		"invalid_amount":     {d.Spend(d.wallet, -1), ledger.ErrInvalidAmount},
		"guard_failed":       {ledgertest.ThroughGate(d.Fact(), "gate", 7), ledger.ErrGuardFailed},
	}
	decided := map[string]ledger.Outcome{}
	for name, c := range cases {
		outcome, err := first.Post(t.Context(), c.command)
		if err != nil || !errors.Is(outcome.Refusal, c.want) || (c.want == nil) != (outcome.Refusal == nil) {
			t.Fatalf("%s: got %+v, %v, want refusal %v", name, outcome, err, c.want)
		}
		decided[name] = outcome
	}
	second := d.ledger(d.store(openDB(t, d.pg.AppURL)))
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			want := decided[name]
			got, err := second.Post(t.Context(), d.again(c.command))
			if err != nil || !got.Replayed || got.Journal != want.Journal || got.Seq != want.Seq || printRefusal(got.Refusal) != printRefusal(want.Refusal) {
				t.Errorf("got %+v, %v, want a replay of %+v", got, err, want)
			}
			other := d.again(c.command)
			other.Fingerprint[5]++
			if got, err = second.Post(t.Context(), other); err != nil || !errors.Is(got.Refusal, ledger.ErrIdempotencyConflict) || got.Replayed {
				t.Errorf("another body got %+v, %v, want a conflict", got, err)
			}
		})
	}
	const versioned = `SELECT count(*) FROM idempotency_keys WHERE book_id = $1 AND length(fingerprint) = 33 AND get_byte(fingerprint, 0) = 1`
	if got, want := d.count(versioned), 2+4+len(cases); got != want {
		t.Errorf("%d keys have a fingerprint with its version, want %d", got, want)
	}
}

func printRefusal(r ledger.Refusal) string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%T %s %x %v", r, r.Code(), r.Facts().Encode(), r)
}

// TestNotStored sends what is answered without a decision: the key stays free, and
// nothing is written.
func TestNotStored(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	l := d.ledger(d.store(openDB(t, d.pg.AppURL)))
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	before := d.snapshot(t, d.Book)
	keep := d.Spend(d.wallet, 1)
	for name, c := range map[string]struct {
		ctx    context.Context //nolint:containedctx // what the case is about
		change func(*ledger.Command)
		want   error
	}{
		"key_of_10_KB":          {t.Context(), func(c *ledger.Command) { c.Key.Key = strings.Repeat("k", 10<<10) }, ledger.ErrInvalidCommand},
		"key_of_nothing":        {t.Context(), func(c *ledger.Command) { c.Key.Key = "" }, ledger.ErrInvalidCommand},
		"explanation_of_10_MB":  {t.Context(), func(c *ledger.Command) { c.Explanation = bytes.Repeat([]byte("x"), 10<<20) }, ledger.ErrInvalidCommand},
		"arguments_of_10_MB":    {t.Context(), func(c *ledger.Command) { c.Arguments = c.Arguments.Text("z", strings.Repeat("x", 10<<20)) }, ledger.ErrInvalidCommand},
		"template_of_nobody":    {t.Context(), func(c *ledger.Command) { c.Template = "NO_SUCH" }, ledger.ErrInvalidCommand},
		"no_fingerprint":        {t.Context(), func(c *ledger.Command) { c.Fingerprint = ledger.Fingerprint{} }, ledger.ErrInvalidCommand},
		"caller_that_left":      {canceled, func(*ledger.Command) {}, context.Canceled},
		"database_out_of_reach": {t.Context(), nil, ledger.ErrRetry},
	} {
		command := d.again(keep)
		writer := l
		if c.change == nil {
			writer = ledger.New(ledger.Config{Rules: d.harness().Rules, Clock: time.Now, Store: &ledgertest.Faulty{
				Before: func(context.Context, *ledger.Needs) error { return fmt.Errorf("away: %w", ledger.ErrRetry) },
			}})
		} else {
			c.change(&command)
		}
		if outcome, err := writer.Post(c.ctx, command); !errors.Is(err, c.want) {
			t.Errorf("%s: got %+v, %v, want %v", name, outcome, err, c.want)
		}
		if writer != l {
			if err := writer.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	if diff := ledgertest.Diff(before, d.snapshot(t, d.Book)); diff != "" {
		t.Errorf("what was not decided left a trace:\n%s", diff)
	}
	if got, err := l.Post(t.Context(), keep); err != nil || got.Replayed || got.Journal != keep.ID {
		t.Errorf("the key got %+v, %v, want it free", got, err)
	}
}
