package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/pgtest"
	"purser/ledger"
)

// testAccounts are few, so that callers meet.
const testAccounts = 16

func testBench(t *testing.T, cases ...variant) *bench {
	t.Helper()
	db := pgtest.New(t)
	o := options{cases: cases, rounds: 1, measured: 20 * time.Millisecond, accounts: testAccounts}
	b, err := openBench(t.Context(), o, urls{app: db.AppURL, owner: db.OwnerURL}, io.Discard, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// drive makes each caller of a driver do something several times, and returns how many commands that were.
func drive(t *testing.T, d driver, times int) int {
	t.Helper()
	var callers sync.WaitGroup
	commands, errs := make([]int, d.callers()), make([]error, d.callers())
	for i := range d.callers() {
		callers.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			for range times {
				n, err := d.do(t.Context(), rng)
				commands[i], errs[i] = commands[i]+n, errors.Join(errs[i], err)
			}
		})
	}
	callers.Wait()
	if err := errors.Join(append(errs, d.close(context.WithoutCancel(t.Context())))...); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, n := range commands {
		total += n
	}
	return total
}

// number reads one number of the database.
func (b *bench) number(t *testing.T, sql string, args ...any) (n int64) {
	t.Helper()
	if err := b.control.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// expect compares numbers of the database by the queries that count them.
func (b *bench) expect(t *testing.T, want map[string]int64) {
	t.Helper()
	got := map[string]int64{}
	for sql := range want {
		got[sql] = b.number(t, sql)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what is stored (-want +got):\n%s", diff)
	}
}

func TestPurserTransfers(t *testing.T) {
	t.Parallel()
	for _, v := range []variant{{callers: 8, books: 1}, {callers: 8, hot: true, books: booksMax}} {
		t.Run(v.name(), func(t *testing.T) {
			t.Parallel()
			b := testBench(t, v)
			opened := b.number(t, `SELECT count(*) FROM postings`)
			if want := int64(testAccounts + v.books); opened != want {
				t.Errorf("%d accounts were opened, want %d", opened, want)
			}
			n := int64(drive(t, b.newPurser(v), 10))
			b.expect(t, map[string]int64{
				`SELECT count(*) FROM journals`:                                                                 opened + n,
				`SELECT count(*) FROM postings`:                                                                 opened + n,
				`SELECT count(*) FROM idempotency_keys WHERE refusal IS NULL`:                                   opened + n,
				`SELECT count(DISTINCT book_id) FROM postings`:                                                  int64(v.books),
				`SELECT sum(debits - credits)::bigint FROM account_balances`:                                    0,
				`SELECT sum(debits)::bigint - (SELECT sum(amount)::bigint FROM postings) FROM account_balances`: 0,
			})
			if v.hot {
				busy := []ledger.ID{}
				for _, places := range b.places {
					busy = append(busy, places[0].account)
				}
				if got := b.number(t, `SELECT count(*) FROM postings WHERE debit_account = ANY ($1) OR credit_account = ANY ($1)`, busy); got != n+int64(v.books) {
					t.Errorf("%d postings on busy accounts, want all %d and those that funded them", got, n)
				}
			}
		})
	}
}

func TestPurserLots(t *testing.T) {
	t.Parallel()
	for _, v := range []variant{{callers: 8, books: booksMax, lots: true}, {callers: 8, hot: true, books: 1, lots: true}} {
		t.Run(v.name(), func(t *testing.T) {
			t.Parallel()
			b := testBench(t, v)
			wallets := int64(testAccounts + v.books)
			n := int64(drive(t, b.newPurser(v), 15))
			spends := b.number(t, `SELECT count(*) FROM journals WHERE template = 'SPEND'`)
			if spends < n*3/5 || spends == n {
				t.Errorf("%d of %d commands are spends, want about four of five", spends, n)
			}
			b.expect(t, map[string]int64{
				`SELECT count(*) FROM postings`:                              wallets*lotsPerPurse + n,
				`SELECT count(*) FROM lots`:                                  wallets*lotsPerPurse + n - spends,
				`SELECT sum(debits - credits)::bigint FROM account_balances`: 0,
				`SELECT sum(granted - remaining)::bigint FROM lots`:          spends * spendUnits,
				`SELECT count(*) FROM (SELECT FROM lots WHERE remaining > 0 GROUP BY wallet_id HAVING count(*) < 4) few`: 0,
			})
		})
	}
}

func TestPeer(t *testing.T) {
	t.Parallel()
	for _, v := range []variant{{callers: 8, books: 1}, {callers: 8, hot: true, books: booksMax}} {
		t.Run(v.name(), func(t *testing.T) {
			t.Parallel()
			b := testBench(t, v)
			d, err := b.newPeer(t.Context(), v)
			if err != nil {
				t.Fatal(err)
			}
			n := int64(drive(t, d, 10))
			b.expect(t, map[string]int64{
				`SELECT count(*) FROM peer.journals`:                                                                      n,
				`SELECT count(*) FROM peer.postings`:                                                                      n,
				`SELECT count(*) FROM peer.idempotency_keys`:                                                              n,
				`SELECT sum(version)::bigint FROM peer.account_balances`:                                                  2 * n,
				`SELECT sum(debits)::bigint - (SELECT sum(amount)::bigint FROM peer.postings) FROM peer.account_balances`: 0,
				`SELECT sum(credits - debits)::bigint FROM peer.account_balances`:                                         int64(testAccounts+v.books) * fundedMinor,
				`SELECT count(*) FROM peer.account_balances a WHERE version <> (SELECT count(*) FROM peer.postings p
					WHERE p.book_id = a.book_id AND a.account_id IN (p.debit_account, p.credit_account))`: 0,
			})
		})
	}
}

func TestPeerRefusesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	v := variant{callers: 1, books: 1}
	b := testBench(t, v)
	if _, err := b.control.Exec(t.Context(), `UPDATE peer.account_balances SET debits = credits`); err != nil {
		t.Fatal(err)
	}
	d, err := b.newPeer(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.do(t.Context(), rand.New(rand.NewPCG(1, 1))); !errors.Is(err, errInsufficient) {
		t.Errorf("do = %v, want %v", err, errInsufficient)
	}
	if err := d.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expect(t, map[string]int64{`SELECT count(*) FROM peer.journals`: 0})
}

func TestFloorAndInsert(t *testing.T) {
	t.Parallel()
	v := variant{callers: 1, books: 1}
	b := testBench(t, v)
	for range 2 { // a second run numbers on from the first
		f, err := b.newFloor(t.Context(), v, 1)
		if err != nil {
			t.Fatal(err)
		}
		drive(t, f, 1)
		i, err := b.newInsert(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		drive(t, i, 12)
	}
	b.expect(t, map[string]int64{
		`SELECT count(*) FROM floor.journals`:         2 * floorCommands,
		`SELECT count(*) FROM floor.postings`:         2 * floorCommands,
		`SELECT count(*) FROM floor.idempotency_keys`: 2 * floorCommands,
		`SELECT count(*) FROM single_insert.journals`: 24,
		`SELECT max(seq) FROM single_insert.journals`: 24,
		`SELECT count(*) FROM floor.journals JOIN floor.postings USING (book_id, journal_id) JOIN floor.idempotency_keys k ON k.command_id = journal_id`: 2 * floorCommands,
	})
}

// The rows of the product and of what it is compared with are as wide, but for the seq that the peer has not.
func TestRowsAreTheSame(t *testing.T) {
	t.Parallel()
	v := variant{callers: 1, books: 1}
	b := testBench(t, v)
	drive(t, b.newPurser(v), 20)
	for schema, open := range map[string]func() (driver, error){
		schemaPeer:  func() (driver, error) { return b.newPeer(t.Context(), v) },
		schemaFloor: func() (driver, error) { return b.newFloor(t.Context(), v, 1) },
	} {
		d, err := open()
		if err != nil {
			t.Fatal(err)
		}
		drive(t, d, 20)
		for _, table := range []string{"postings", "idempotency_keys"} {
			width := func(schema string) int64 {
				return b.number(t, `SELECT max(pg_column_size(t.*)) FROM `+schema+`.`+table+` t`)
			}
			if got, want := width(schema), width("public"); got < want-8 || got > want+8 {
				t.Errorf("a row of %s.%s has %d bytes, one of the product %d", schema, table, got, want)
			}
		}
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	v := variant{callers: 1, books: 1}
	b := testBench(t, v)
	r, err := b.measure(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*sample{"purser": &r.purser, "peer": r.peer, "floor": r.floor, "insert": r.insert} {
		if s == nil || s.PerSecond <= 0 || s.P50 <= 0 || s.P99 < s.P50 || s.Allocations <= 0 || s.WAL <= 0 {
			t.Errorf("%s = %+v, want numbers above 0", name, s)
		}
	}
	if err := b.durable(t.Context()); err == nil {
		t.Error("the server of tests passes as durable")
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	b := testBench(t)
	b.rows = 2 * historyShort
	reads, err := b.measureHistory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reads {
		if r.short <= 0 || r.long <= 0 {
			t.Errorf("%+v, want times", r)
		}
	}
	if len(reads) != 3 {
		t.Errorf("%d reads, want three", len(reads))
	}
	b.expect(t, map[string]int64{`SELECT count(*) FROM postings`: 3 * historyShort})
}
