package postgres_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/market"
	"purser/internal/pgtest"
	"purser/internal/postgres"
	"purser/internal/wallet"
	"purser/ledger"
)

func openDemoDB(t *testing.T) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), pgtest.New(t).AppURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func demoLoad(seed int64) postgres.DemoLoad {
	return postgres.DemoLoad{Seed: seed, Wallets: 60, Campaigns: 25, Days: 30, EndsAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func TestDemoLoads(t *testing.T) {
	t.Parallel()
	t.Run("unfinished_load_is_resumed_with_its_own_parameters", func(t *testing.T) {
		t.Parallel()
		db := openDemoDB(t)
		first, resumed, err := db.BeginDemoLoad(t.Context(), demoLoad(7))
		if err != nil || resumed {
			t.Fatalf("first BeginDemoLoad: resumed %v, err %v", resumed, err)
		}
		again, resumed, err := db.BeginDemoLoad(t.Context(), demoLoad(8))
		if err != nil || !resumed {
			t.Fatalf("second BeginDemoLoad: resumed %v, err %v", resumed, err)
		}
		if diff := cmp.Diff(demoLoad(7), first); diff != "" {
			t.Errorf("first load (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("resumed load (-first +resumed):\n%s", diff)
		}
	})
	t.Run("finished_load_is_not_resumed", func(t *testing.T) {
		t.Parallel()
		db := openDemoDB(t)
		if _, _, err := db.BeginDemoLoad(t.Context(), demoLoad(7)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := db.FinishDemoLoad(t.Context(), 7); err != nil {
				t.Fatal(err)
			}
		}
		load, resumed, err := db.BeginDemoLoad(t.Context(), demoLoad(8))
		if err != nil || resumed || load.Seed != 8 {
			t.Errorf("BeginDemoLoad after a finish: load %+v, resumed %v, err %v", load, resumed, err)
		}
	})
	t.Run("loads_from_before_campaigns_stay_as_they_were", func(t *testing.T) {
		t.Parallel()
		pg := pgtest.New(t)
		db := openDB(t, pg.AppURL)
		before := demoLoad(7)
		before.Campaigns = 0
		execAsOwner(t, pg.OwnerURL, `INSERT INTO demo_loads (seed, wallets, days, ends_at, finished_at) VALUES
			(7, 60, 30, '2026-03-01 12:00:00Z', NULL), (6, 60, 30, '2026-02-01 12:00:00Z', '2026-02-02 12:00:00Z')`)
		load, resumed, err := db.BeginDemoLoad(t.Context(), demoLoad(8))
		if err != nil || !resumed {
			t.Fatalf("BeginDemoLoad: resumed %v, err %v", resumed, err)
		}
		if diff := cmp.Diff(before, load); diff != "" {
			t.Errorf("resumed load (-want +got):\n%s", diff)
		}
		if err := db.FinishDemoLoad(t.Context(), 7); err != nil {
			t.Fatal(err)
		}
		execAsOwner(t, pg.OwnerURL, "UPDATE book_heads SET seq = 900 WHERE book_id = 1")
		if load, resumed, err := db.BeginDemoLoad(t.Context(), demoLoad(7)); !errors.Is(err, postgres.ErrNotEmpty) {
			t.Errorf("BeginDemoLoad after both have finished: load %+v, resumed %v, err %v, want ErrNotEmpty", load, resumed, err)
		}
	})
	t.Run("two_starters_agree_on_one_load", func(t *testing.T) {
		t.Parallel()
		db := openDemoDB(t)
		var loads [2]postgres.DemoLoad
		var errs [2]error
		var both sync.WaitGroup
		for i := range loads {
			both.Go(func() { loads[i], _, errs[i] = db.BeginDemoLoad(t.Context(), demoLoad(int64(i))) })
		}
		both.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
		if loads[0] != loads[1] {
			t.Errorf("two loads began: %+v and %+v", loads[0], loads[1])
		}
	})
	t.Run("database_with_journals_returns_ErrNotEmpty", func(t *testing.T) {
		t.Parallel()
		db := openDemoDB(t)
		rules := market.Rules()
		l := ledger.New(ledger.Config{Rules: rules, Store: db.NewStore(rules), Clock: time.Now})
		t.Cleanup(func() { _ = l.Close(t.Context()) })
		id := ledger.ID{1}
		input := ledger.Arguments(nil).ID(wallet.ArgWallet, id)
		if _, err := l.Post(t.Context(), ledger.Command{
			ID: id, Book: 1, Template: wallet.TemplateOpenWallet, Arguments: input, InitiatedBy: "service:test",
			Key:         ledger.IdempotencyKey{Scope: ledger.KeyScope{Principal: "service:test", Mutation: "openWallet"}, Key: "key-0001"},
			Fingerprint: ledger.FingerprintOf(input),
		}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := db.BeginDemoLoad(t.Context(), demoLoad(7)); !errors.Is(err, postgres.ErrNotEmpty) {
			t.Errorf("BeginDemoLoad: got %v, want ErrNotEmpty", err)
		}
	})
}
