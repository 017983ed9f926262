package postgres_test

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/market"
	"purser/internal/obs"
	"purser/internal/postgres"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// TestSuiteOtherStores runs the suite on stores that remember nothing, and too
// little for more than a few accounts.
func TestSuiteOtherStores(t *testing.T) {
	t.Parallel()
	for name, options := range otherStores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ledgertest.Suite(t, newBooks(t).harnessWith(options))
		})
	}
}

// TestModelOtherStores compares such stores with the model.
func TestModelOtherStores(t *testing.T) {
	t.Parallel()
	for name, options := range otherStores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ledgertest.Model(t, newBooks(t).harnessWith(options))
		})
	}
}

var otherStores = map[string]postgres.StoreOptions{
	"remembers_nothing": {ReadAlways: true},
	"forgets_soon":      {AccountsRemembered: 3},
}

func (b *books) harnessWith(options postgres.StoreOptions) ledgertest.Harness {
	h, db := b.harness(), openDB(b.t, b.pg.AppURL)
	h.Open = func(t testing.TB) (ledger.Store, ledger.BookID, func() ledgertest.Snapshot) {
		t.Helper()
		book := b.open()
		store := db.NewStoreWith(market.Rules(), options)
		store.Register(ledgertest.GateKind, readGates, writeGates)
		return store, book, func() ledgertest.Snapshot { return b.snapshot(t, book) }
	}
	return h
}

// tape notes the names of the statements that batches send, and is a tracer.
type tape struct {
	mu    sync.Mutex
	names []string
	read  []int // how many accounts each accounts_read asked for
}

func (*tape) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (*tape) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (r *tape) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, query := range data.Batch.QueuedQueries {
		name := obs.StatementName(query.SQL)
		if r.names = append(r.names, name); name == "accounts_read" {
			r.read = append(r.read, len(query.Arguments[1].([]ledger.ID)))
		}
	}
	return ctx
}
func (*tape) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (*tape) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// taken returns what was noted since the last call.
func (r *tape) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := r.names
	r.names, r.read = nil, nil
	return names
}

// wantWays fails the test unless the batches since the last call went these ways,
// told by the statement that takes the head.
func (r *tape) wantWays(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, name := range r.taken() {
		if name == "known_head_move" || name == "head_lock" {
			got = append(got, strings.TrimSuffix(strings.TrimSuffix(name, "_move"), "_lock"))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the head was taken by %q, want %q", got, want)
	}
}

// watched is a desk with a ledger whose statements are noted. Its store has
// answered a first spend, so that it knows the wallet.
func watched(t *testing.T, units int64) (*desk, *ledger.Ledger, *tape) {
	t.Helper()
	d, r := newDesk(t, units+1), &tape{}
	db, err := postgres.Open(t.Context(), d.pg.AppURL, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	l := d.ledger(d.store(db))
	d.accept(t, l, d.Spend(d.wallet, 1))
	r.taken()
	return d, l, r
}

func (d *desk) accept(t *testing.T, l *ledger.Ledger, c ledger.Command) {
	t.Helper()
	if outcome, err := l.Post(t.Context(), c); err != nil || outcome.Journal != c.ID || outcome.Replayed {
		t.Fatalf("got %+v, %v; want journal %s, new", outcome, err, c.ID)
	}
}

// other is a ledger of another process.
func (d *desk) other(t *testing.T) *ledger.Ledger {
	t.Helper()
	return d.ledger(d.store(openDB(t, d.pg.AppURL)))
}

func TestKnownStatements(t *testing.T) {
	t.Parallel()
	const many = 100
	d, l, r := watched(t, 1+many)
	one := []string{
		"known_head_move", "journals_write", "postings_write", "lots_update", "lot_places_write", "lot_movements_write",
		"trial_days_write", "keys_write", "account_balances_update", "batches_write",
	}
	d.accept(t, l, d.Spend(d.wallet, 1))
	got := r.taken()
	for _, name := range one {
		if !slices.Contains(got, name) {
			t.Errorf("a spend ran %q without %s", got, name)
		}
	}
	for _, name := range got {
		if strings.HasSuffix(name, "_read") || name == "head_lock" {
			t.Errorf("a spend on known state ran %s", name)
		}
	}
	// A batch of a hundred runs what a batch of one does: they wait behind a batch
	// that another session holds up.
	holder, err := d.super.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // it ends below
	if _, err := holder.Exec(t.Context(), `SELECT seq FROM book_heads WHERE book_id = $1 FOR UPDATE`, d.Book); err != nil {
		t.Fatal(err)
	}
	waiting := make([]*ledger.Pending, many)
	for i := range waiting {
		if waiting[i], err = l.Submit(t.Context(), d.Spend(d.wallet, 1)); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			d.waitFor(`SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`)
		}
	}
	if err := holder.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, pending := range waiting {
		if outcome, err := pending.Wait(t.Context()); err != nil || outcome.Refusal != nil {
			t.Errorf("got %+v, %v", outcome, err)
		}
	}
	if both := r.taken(); len(both) != 2*len(got) {
		t.Errorf("a batch of one and one of %d ran %d statements, want twice %d", many-1, len(both), len(got))
	}
	d.wantBook(t, 2+2+many, 0)
}

// TestKnownStateIsOld lets another process write between two batches: what is
// remembered is found out, and neither loses anything.
func TestKnownStateIsOld(t *testing.T) {
	t.Parallel()
	d, l, r := watched(t, 10)
	other := d.other(t)
	d.accept(t, l, d.Spend(d.wallet, 1))
	r.wantWays(t, "known_head")
	d.accept(t, other, d.Spend(d.wallet, 4))
	refused := d.Spend(d.wallet, 6)
	if outcome, err := l.Post(t.Context(), refused); err != nil || !errors.Is(outcome.Refusal, ledger.ErrInsufficientFunds) || outcome.BookSeq != 5 {
		t.Errorf("got %+v, %v; want no more than 5 units at seq 5", outcome, err)
	}
	r.wantWays(t, "known_head", "head")
	// Nothing is tried on what is remembered until the head stands still.
	d.accept(t, other, d.Spend(d.wallet, 1))
	d.accept(t, l, d.Spend(d.wallet, 1))
	r.wantWays(t, "head")
	d.accept(t, l, d.Spend(d.wallet, 1))
	r.wantWays(t, "head")
	d.accept(t, l, d.Spend(d.wallet, 1))
	r.wantWays(t, "known_head")
	d.wantBook(t, 2+7, 1)
}

// TestKnownInPart spends from wallets that the store knows and from some that it does
// not: these alone are read. When the head is elsewhere, all of them are.
func TestKnownInPart(t *testing.T) {
	t.Parallel()
	d, l, r := watched(t, 10)
	other := d.other(t)
	wallets := make([]ledger.ID, 3)
	for i := range wallets {
		wallets[i] = d.NewID()
		d.accept(t, other, d.OpenWallet(wallets[i]))
		d.accept(t, other, d.Grant(wallets[i], 5, ledgertest.Terms{}))
	}
	for range 3 { // until the head is found where it was
		d.accept(t, l, d.Spend(d.wallet, 1))
	}
	r.wantWays(t, "known_head", "head", "head", "known_head")
	spendBoth := func(units int64, unknown ledger.ID) error {
		t.Helper()
		outcomes, err := l.PostLinked(t.Context(), []ledger.Command{d.Spend(d.wallet, units), d.Spend(unknown, 5)})
		if err != nil {
			t.Fatal(err)
		}
		return outcomes[0].Refusal
	}
	if refusal := spendBoth(1, wallets[0]); refusal != nil {
		t.Errorf("got %v", refusal)
	}
	if want := []int{1}; !slices.Equal(r.read, want) {
		t.Errorf("read %d accounts, want %d", r.read, want)
	}
	r.wantWays(t, "head")
	d.accept(t, other, d.Spend(d.wallet, 4))
	if refusal := spendBoth(4, wallets[1]); !errors.Is(refusal, ledger.ErrInsufficientFunds) {
		t.Errorf("got %v, want no more than the 2 units that are left", refusal)
	}
	if len(r.read) != 2 || r.read[0] != 1 || r.read[1] <= 1 {
		t.Errorf("read %d accounts, want the unknown one and then all", r.read)
	}
	if refusal := spendBoth(2, wallets[2]); refusal != nil {
		t.Errorf("got %v", refusal)
	}
	d.wantBook(t, 2+1+6+3+2+1+2, 0)
}

// TestKnownKeyIsTaken sends what another process has answered, so that only the
// key's constraint can tell.
func TestKnownKeyIsTaken(t *testing.T) {
	t.Parallel()
	t.Run("refused_elsewhere_is_a_replay", func(t *testing.T) {
		t.Parallel()
		d, l, r := watched(t, 10)
		refused := d.Spend(d.wallet, 11) // moves no head
		if outcome, err := d.other(t).Post(t.Context(), refused); err != nil || outcome.Refusal == nil {
			t.Fatalf("got %+v, %v", outcome, err)
		}
		again := refused
		again.ID = d.NewID()
		outcome, err := l.Post(t.Context(), again)
		if err != nil || !outcome.Replayed || !errors.Is(outcome.Refusal, ledger.ErrInsufficientFunds) {
			t.Errorf("got %+v, %v; want a replay of the refusal", outcome, err)
		}
		again.Fingerprint[1]++
		if outcome, err = l.Post(t.Context(), again); err != nil || !errors.Is(outcome.Refusal, ledger.ErrIdempotencyConflict) {
			t.Errorf("got %+v, %v; want a conflict", outcome, err)
		}
		r.wantWays(t, "known_head", "head", "known_head", "head")
		d.accept(t, l, d.Spend(d.wallet, 1)) // and the state is remembered still
		r.wantWays(t, "known_head")
		d.wantBook(t, 2+2, 9)
	})
	t.Run("accepted_here_is_a_replay", func(t *testing.T) {
		t.Parallel()
		d, l, r := watched(t, 10)
		spend := d.Spend(d.wallet, 3)
		d.accept(t, l, spend)
		again := spend
		again.ID = d.NewID()
		if outcome, err := l.Post(t.Context(), again); err != nil || !outcome.Replayed || outcome.Journal != spend.ID {
			t.Errorf("got %+v, %v; want a replay of %s", outcome, err, spend.ID)
		}
		r.wantWays(t, "known_head", "known_head", "head")
		d.wantBook(t, 2+2, 7)
	})
	t.Run("once_is_once", func(t *testing.T) {
		t.Parallel()
		d, l, r := watched(t, 10)
		first, second, dear := d.Spend(d.wallet, 3), d.Spend(d.wallet, 3), d.Spend(d.wallet, 30)
		first.Once, second.Once, dear.Once = "proposal", "proposal", "proposal"
		d.accept(t, l, first)
		for _, c := range []ledger.Command{second, dear} {
			outcome, err := l.Post(t.Context(), c)
			var done *ledger.AlreadyDoneError
			if err != nil || !errors.As(outcome.Refusal, &done) || done.Journal != first.ID {
				t.Errorf("got %+v, %v; want that %s did it", outcome, err, first.ID)
			}
		}
		// The dear one is refused for its price on remembered state: its once key is
		// not written, so nothing is sent and the state is read.
		r.wantWays(t, "known_head", "known_head", "head", "head")
		d.wantBook(t, 2+2, 7)
	})
}

// TestKnownCommitInDoubt breaks the connection around the COMMIT of a batch on
// remembered state: it is decided once, on state that is read again (I16).
func TestKnownCommitInDoubt(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]fault{
		"committed_and_the_answer_lost": loseAnswer, "connection_lost_while_committing": breakAtOnce, "commit_lost": loseCommit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, r := newDesk(t, 10), &tape{}
			through := newProxy(t, d.pg.AppURL)
			db, err := postgres.Open(t.Context(), through.url(), r)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(db.Close)
			l := d.ledger(d.store(db))
			for range 2 { // the second prepares the statements of the one round trip
				d.accept(t, l, d.Spend(d.wallet, 1))
			}
			r.wantWays(t, "head", "known_head")
			through.set(once(what))
			d.accept(t, l, d.Spend(d.wallet, 3))
			got := r.taken()
			if slices.Index(got, "known_head_move") < 0 || slices.Index(got, "head_lock") < slices.Index(got, "known_head_move") {
				t.Errorf("ran %q, want a batch on known state and another that reads", got)
			}
			d.wantBook(t, 2+3, 5)
			through.wantMeddled(t, 1)
		})
	}
}

// TestKnownClock refuses to write on remembered state when the clocks differ, as
// on state that was read.
func TestKnownClock(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	r := &tape{}
	db, err := postgres.Open(t.Context(), d.pg.AppURL, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	store := d.store(db)
	var ahead time.Duration
	l := ledger.New(ledger.Config{Rules: market.Rules(), Store: store, Clock: func() time.Time { return time.Now().Add(ahead) }})
	defer func() {
		if err := l.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	d.accept(t, l, d.Spend(d.wallet, 1))
	d.accept(t, l, d.Spend(d.wallet, 1))
	r.wantWays(t, "head", "known_head")
	for _, off := range []time.Duration{time.Minute, -time.Minute} {
		ahead = off
		if outcome, err := l.Post(t.Context(), d.Spend(d.wallet, 1)); !errors.Is(err, ledger.ErrClockSkew) {
			t.Errorf("%s off: got %+v, %v; want ErrClockSkew", off, outcome, err)
		}
		r.wantWays(t, "known_head", "head")
	}
	ahead = 0
	d.accept(t, l, d.Spend(d.wallet, 1))
	d.wantBook(t, 2+3, 7)
}

// TestKnownIsBounded reads again what was forgotten for accounts used since.
func TestKnownIsBounded(t *testing.T) {
	t.Parallel()
	d, r := newDesk(t, 10), &tape{}
	db, err := postgres.Open(t.Context(), d.pg.AppURL, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	l := d.ledger(db.NewStoreWith(market.Rules(), postgres.StoreOptions{AccountsRemembered: 16}))
	d.accept(t, l, d.Spend(d.wallet, 1))
	d.accept(t, l, d.Spend(d.wallet, 1))
	r.wantWays(t, "head", "known_head")
	for range 40 {
		another := d.NewID()
		d.accept(t, l, d.OpenWallet(another))
		d.accept(t, l, d.Grant(another, 5, ledgertest.Terms{}))
	}
	r.taken()
	d.accept(t, l, d.Spend(d.wallet, 1))
	r.wantWays(t, "head")
	d.wantBook(t, 2+3+80, 7)
}

// TestNeedsAreConsidered fails when a batch can need or see something that the
// remembered state was not taught about.
func TestNeedsAreConsidered(t *testing.T) {
	t.Parallel()
	considered := map[string][]string{
		// Accounts, Demand and Whole are looked up, keys and once keys proven; rows
		// are read beside what is known, and a batch that needs any of the others is
		// read whole.
		"Needs": {"Book", "Clock", "SkewMax", "Accounts", "Demand", "Whole", "Keys", "Once", "Journals", "Rows", "Holds", "HoldsOf", "Transfers"},
		// The first line is handed over; the others are empty unless needed.
		"State": {
			"Book", "Seq", "LastPostedAt", "Now", "Accounts", "Lots", "Places", "ClosedThrough", "Hash", "Unchained",
			"DatabaseTime", "ExpiredElsewhere", "Journals", "Keys", "Once", "Rows", "Holds", "HeldElsewhere", "Unsealed",
		},
	}
	for _, of := range []reflect.Type{reflect.TypeFor[ledger.Needs](), reflect.TypeFor[ledger.State]()} {
		want := map[string]bool{}
		for _, name := range considered[of.Name()] {
			want[name] = true
		}
		got := map[string]bool{}
		for i := range of.NumField() {
			got[of.Field(i).Name] = true
		}
		if !maps.Equal(got, want) {
			t.Errorf("ledger.%s has the fields %v; the store's cache considers %v", of.Name(), got, want)
		}
	}
}
