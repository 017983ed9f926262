package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"purser/internal/embedpg"
	"purser/internal/market"
	"purser/internal/pgtest"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// failing is a guard whose set-based read fails in the database.
type failing struct{}

func (failing) Kind() string                         { return "failing" }
func (failing) ID() string                           { return "failing" }
func (failing) Check(any) (string, ledger.Arguments) { return "", nil }
func (failing) After(row any, _ *ledger.Delta) any   { return row }
func (failing) read(batch *pgx.Batch, _ ledger.BookID, _ []string, _ func(string, any)) {
	batch.Queue(`SELECT ledgertest_fail()`)
}

// TestSQLStatesAreTriedAgain raises each error that says nothing about the command
// twice in the middle of a batch: the third attempt is decided, once, and the caller
// hears of nothing. An error that does concern it is raised once and never tried
// again.
func TestSQLStatesAreTriedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state string
		again bool
	}{
		"serialization_failure": {"40001", true},
		"deadlock_detected":     {"40P01", true},
		"lock_not_available":    {"55P03", true},
		"query_canceled":        {"57014", true},
		"admin_shutdown":        {"57P01", true},
		"crash_shutdown":        {"57P02", true},
		"connection_failure":    {"08006", true},
		"check_violation":       {"23514", false},
		"syntax_error":          {"42601", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, 10)
			d.do(`CREATE SEQUENCE ledgertest_attempts`)
			d.do(`GRANT USAGE ON SEQUENCE ledgertest_attempts TO purser_app`)
			d.do(`
				CREATE FUNCTION ledgertest_fail() RETURNS void LANGUAGE plpgsql AS $$
				BEGIN
					IF nextval('ledgertest_attempts') <= 2 THEN
						RAISE EXCEPTION 'injected' USING ERRCODE = '` + c.state + `';
					END IF;
				END $$`)
			store := d.store(openDB(t, d.pg.AppURL))
			store.Register("failing", failing{}.read, nil)
			l := d.ledger(store)
			spend := d.Spend(d.wallet, 4)
			spend.Guards = []ledger.Guard{failing{}}
			outcome, err := l.Post(t.Context(), spend)
			var attempts int
			if err := d.super.QueryRow(t.Context(), `SELECT last_value FROM ledgertest_attempts`).Scan(&attempts); err != nil {
				t.Fatal(err)
			}
			if !c.again {
				if err == nil || !strings.Contains(err.Error(), "injected") || attempts != 1 {
					t.Errorf("got %+v, %v after %d attempts, want the error after one", outcome, err, attempts)
				}
				d.wantBook(t, 2, 10)
				return
			}
			if err != nil || outcome.Journal != spend.ID || outcome.Replayed || attempts != 3 {
				t.Errorf("got %+v, %v after %d attempts; want journal %s after 3", outcome, err, attempts, spend.ID)
			}
			d.wantBook(t, 3, 6)
		})
	}
}

// TestDeadlock makes PostgreSQL itself find a deadlock, and take the batch as its
// victim: the batch has the head and waits for a row, whose holder wants the head.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	var attempts atomic.Int32
	l := d.ledger(&ledgertest.Faulty{Store: d.store(openDB(t, d.pg.AppURL)), Before: func(context.Context, *ledger.Needs) error {
		attempts.Add(1)
		return nil
	}})
	if outcome, err := l.Post(t.Context(), ledgertest.ThroughGate(d.Fact(), "gate", 0)); err != nil || outcome.Refusal != nil {
		t.Fatal(err, outcome.Refusal)
	}
	other, err := d.super.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // it is committed below
	for _, sql := range []string{
		`SET LOCAL deadlock_timeout = '1min'`, // the other session looks for deadlocks first
		`SELECT version FROM ledgertest_gates WHERE gate_id = 'gate' FOR UPDATE`,
	} {
		if _, err := other.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	spend := ledgertest.ThroughGate(d.Spend(d.wallet, 4), "gate", 1)
	pending, err := l.Submit(t.Context(), spend)
	if err != nil {
		t.Fatal(err)
	}
	d.waitFor(`SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = 'purser_app' AND wait_event_type = 'Lock')`)
	if _, err := other.Exec(t.Context(), `SELECT seq FROM book_heads WHERE book_id = $1 FOR UPDATE`, d.Book); err != nil {
		t.Fatalf("the other session became the victim: %v", err)
	}
	if err := other.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if outcome, err := pending.Wait(t.Context()); err != nil || outcome.Journal != spend.ID || outcome.Replayed {
		t.Errorf("got %+v, %v; want journal %s", outcome, err, spend.ID)
	}
	if got := attempts.Load(); got < 3 {
		t.Errorf("%d attempts for two commands: the batch was no victim", got)
	}
	d.wantBook(t, 4, 6)
}

// TestDatabaseKilledUnderLoad kills PostgreSQL, which syncs what it commits, in
// mid-load and starts it again. Callers repeat what was not answered, and find every
// answer they got before in the journal.
func TestDatabaseKilledUnderLoad(t *testing.T) {
	t.Parallel()
	const callers, each = 8, 40
	server := pgtest.Durable(t)
	b := &books{t: t, pg: &pgtest.DB{AppURL: server.AppURL(), OwnerURL: server.OwnerURL(), SuperURL: server.SuperURL("purser")}}
	b.last.Store(1000)
	d := &desk{books: b, Commands: &ledgertest.Commands{}}
	b.super = superPool(t, b.pg.SuperURL)
	b.do(`CREATE TABLE ledgertest_gates (
		book_id integer, gate_id text, version bigint NOT NULL, journal_id uuid NOT NULL, PRIMARY KEY (book_id, gate_id))`)
	d.Book, d.wallet = b.open(), d.NewID()
	l := d.ledger(b.store(openDB(t, b.pg.AppURL)))
	for _, c := range []ledger.Command{d.OpenWallet(d.wallet), d.Grant(d.wallet, callers*each, ledgertest.Terms{})} {
		if outcome, err := l.Post(t.Context(), c); err != nil || outcome.Refusal != nil {
			t.Fatal(err, outcome.Refusal)
		}
	}

	answers := make([]answered, callers*each)
	progress := make(chan struct{}, callers*each)
	var unanswered atomic.Int32
	var working sync.WaitGroup
	for caller := range callers {
		working.Go(func() {
			for n := range each {
				request := caller*each + n
				answers[request] = postUntilAnswered(t, l, requestCommand(d.Book, d.wallet, request), &unanswered)
				progress <- struct{}{}
			}
		})
	}
	for range callers * each / 3 {
		<-progress
	}
	if err := syscall.Kill(server.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-server.Done()
	if err := server.Stop(t.Context()); err != nil { // gives the directory back
		t.Fatal(err)
	}
	again, err := embedpg.Start(t.Context(), embedpg.Options{DataDir: server.DataDir(), Durable: true})
	if err != nil {
		t.Fatalf("start PostgreSQL again: %v", err)
	}
	t.Cleanup(func() {
		if err := again.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if again.AppURL() != server.AppURL() {
		t.Fatalf("PostgreSQL is now at %s, was at %s", again.AppURL(), server.AppURL())
	}
	working.Wait()
	t.Logf("%d attempts got no answer", unanswered.Load())
	b.super = superPool(t, b.pg.SuperURL)
	d.wantAnswers(t, answers)
}

func superPool(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// postUntilAnswered repeats a request with its key for as long as its fate is open.
func postUntilAnswered(t *testing.T, l *ledger.Ledger, c ledger.Command, unanswered *atomic.Int32) (answer answered) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		outcome, err := l.Post(t.Context(), c)
		switch {
		case err == nil && outcome.Refusal == nil:
			return answered{Journal: outcome.Journal.String(), Seq: outcome.Seq, Replayed: outcome.Replayed}
		case err == nil:
			return answered{Refusal: outcome.Refusal.Code()}
		case !errors.Is(err, ledger.ErrRetry):
			return answered{Err: err.Error()}
		}
		unanswered.Add(1)
	}
	return answered{Err: "no answer within a minute"}
}

// at returns a ledger with connections of its own whose clock stands where the
// instant says.
func (d *desk) at(instant *atomic.Pointer[time.Time]) *ledger.Ledger {
	l := ledger.New(ledger.Config{
		Rules: market.Rules(), Store: d.store(openDB(d.t, d.pg.AppURL)), InjectedClock: true,
		Clock: func() time.Time { return *instant.Load() },
	})
	d.t.Cleanup(func() {
		if err := l.Close(context.WithoutCancel(d.t.Context())); err != nil {
			d.t.Errorf("close the ledger: %v", err)
		}
	})
	return l
}

// TestSweeperRacesCapture lets one server capture holds at the last moment and
// another release them in the next: of each hold exactly one of them gets the units,
// and the other is told why not (I7, I8).
func TestSweeperRacesCapture(t *testing.T) {
	t.Parallel()
	const holds, units = 24, 3
	d := newDesk(t, holds*units)
	begin := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	l := d.ledger(d.store(openDB(t, d.pg.AppURL)))
	placed := make([]ledgertest.HoldRef, holds)
	for i := range placed {
		c := d.PlaceHold(d.wallet, ledgertest.PurposeBid, units, begin.Add(time.Duration(i)*time.Minute))
		if outcome, err := l.Post(t.Context(), c); err != nil || outcome.Refusal != nil {
			t.Fatal(err, outcome.Refusal)
		}
		placed[i] = ledgertest.HoldOf(c)
	}
	var before, after atomic.Pointer[time.Time]
	capturer, sweeper := d.at(&before), d.at(&after)
	captured := int64(0)
	for i, hold := range placed {
		expiry := begin.Add(time.Duration(i) * time.Minute)
		early, late := expiry.Add(-time.Second), expiry.Add(time.Second)
		before.Store(&early)
		after.Store(&late)
		capture, expire := d.Capture(hold, units), d.ExpireHold(hold)
		var got [2]reply
		var racing sync.WaitGroup
		racing.Go(func() { got[0].Outcome, got[0].err = capturer.Post(t.Context(), capture) })
		racing.Go(func() { got[1].Outcome, got[1].err = sweeper.Post(t.Context(), expire) })
		racing.Wait()
		if got[0].err != nil || got[1].err != nil {
			t.Fatalf("hold %d: %v, %v", i, got[0].err, got[1].err)
		}
		switch {
		case got[0].Refusal == nil && errors.Is(got[1].Refusal, ledger.ErrHoldClosed):
			captured += units
		case got[1].Refusal == nil && (errors.Is(got[0].Refusal, ledger.ErrHoldClosed) || errors.Is(got[0].Refusal, ledger.ErrHoldExpired)):
		default:
			t.Errorf("hold %d: the capture got %v and the sweeper %v, want exactly one accepted", i, got[0].Refusal, got[1].Refusal)
		}
	}
	t.Logf("%d of %d units were captured", captured, holds*units)
	d.wantBook(t, 2+2*holds, holds*units-captured)
}
