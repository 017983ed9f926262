package postgres_test

import (
	"strings"
	"testing"

	"purser/internal/market"
	"purser/internal/postgres"
)

// TestKnownCommitRefused lets the database refuse a batch on remembered state only as
// it commits, at the Sync behind all of its statements: nothing of it stays, and its
// callers are told.
func TestKnownCommitRefused(t *testing.T) {
	t.Parallel()
	d, l, r := watched(t, 10)
	execAsOwner(t, d.pg.OwnerURL, `
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN RAISE EXCEPTION 'too late' USING ERRCODE = '23000', CONSTRAINT = 'refused_late'; END $$;
		CREATE CONSTRAINT TRIGGER refused_late AFTER INSERT ON journals DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()`)
	if outcome, err := l.Post(t.Context(), d.Spend(d.wallet, 1)); err == nil || !strings.Contains(err.Error(), "refused_late") {
		t.Errorf("got %+v, %v; want what the database refused", outcome, err)
	}
	r.wantWays(t, "known_head", "head")
	execAsOwner(t, d.pg.OwnerURL, `DROP TRIGGER refused_late ON journals`)
	d.accept(t, l, d.Spend(d.wallet, 2))
	d.wantBook(t, 2+2, 8)
}

// TestWritersReadCommitted gives a database another isolation level than the writers
// need for what they send without a BEGIN.
func TestWritersReadCommitted(t *testing.T) {
	t.Parallel()
	d, r := newDesk(t, 10), &tape{}
	execAsOwner(t, d.pg.OwnerURL, `
		CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN PERFORM ledger_require(current_setting('transaction_isolation') = 'read committed', 'isolation'); RETURN NULL; END $$;
		CREATE TRIGGER looked AFTER INSERT ON journals EXECUTE FUNCTION look();
		DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$`)
	db, err := postgres.Open(t.Context(), d.pg.AppURL, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	l := d.ledger(d.store(db))
	d.accept(t, l, d.Spend(d.wallet, 1))
	d.accept(t, l, d.Spend(d.wallet, 1))
	r.wantWays(t, "head", "known_head")
}

// TestChainAndOutboxOff is what a bench measures: neither is written, and batches go
// the same ways.
func TestChainAndOutboxOff(t *testing.T) {
	t.Parallel()
	const batches = 3
	for _, off := range []bool{false, true} {
		d, r := newDesk(t, 10), &tape{}
		execAsOwner(t, d.pg.OwnerURL, `DELETE FROM outbox; DELETE FROM batches`)
		db, err := postgres.Open(t.Context(), d.pg.AppURL, r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		l := d.ledger(db.NewStoreWith(market.Rules(), postgres.StoreOptions{ChainOff: off, OutboxOff: off}))
		for range batches {
			d.accept(t, l, d.Spend(d.wallet, 1))
		}
		r.wantWays(t, "head", "known_head", "known_head")
		want := batches
		if off {
			want = 0
		}
		var links, events int
		if err := d.super.QueryRow(t.Context(), `SELECT (SELECT count(hash) FROM batches), (SELECT count(*) FROM outbox)`).Scan(&links, &events); err != nil {
			t.Fatal(err)
		}
		if links != want || events != want {
			t.Errorf("off=%t: %d links and %d rows of the outbox, want %d each", off, links, events, want)
		}
	}
}
