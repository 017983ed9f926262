package ledger_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/internal/market"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// story writes a short history and returns its rows.
func story(t *testing.T) ledgertest.Snapshot {
	t.Helper()
	memory, commands := &ledgertest.Memory{}, &ledgertest.Commands{Book: 3}
	now := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
	l := ledger.New(ledger.Config{Rules: market.Rules(), Store: memory, Clock: func() time.Time { return now }})
	who := commands.NewID()
	purchase := commands.Purchase(who, 7, ledgertest.Price{Money: ledger.USD, Minor: 100, Fee: 5}, ledgertest.Terms{ExpiresAt: now.AddDate(1, 0, 0)})
	spend := commands.Spend(who, 5)
	spend.EffectiveAt = now.AddDate(0, 0, -3)
	spend.Once = "proposal:1"
	for _, c := range []ledger.Command{
		commands.OpenWallet(who), purchase, commands.Grant(who, 2, ledgertest.Terms{Priority: -1}), spend,
		commands.Reverse(spend.ID, ledgertest.TypeReturn, 2), commands.Freeze(who), commands.Fact(), commands.Unfreeze(who),
		commands.Reverse(purchase.ID, ledgertest.TypeReversal, 3),
	} {
		if outcome, err := l.Post(context.Background(), c); err != nil || outcome.Refusal != nil {
			t.Fatalf("Post(%s) = %+v, %v", c.Template, outcome, err)
		}
	}
	if err := l.Close(context.Background()); err != nil {
		t.Fatalf("Close() = %v", err)
	}
	return memory.Snapshot(3)
}

func TestReplayGivesTheStoredRows(t *testing.T) {
	t.Parallel()
	rows, rules := story(t), market.Rules()
	state := ledger.NewState(rows.Book)
	for _, journal := range rows.Journals {
		delta, err := rules.Replay(state, journal)
		if err != nil {
			t.Fatalf("Replay() = %v", err)
		}
		again := ledgertest.Snapshot{Journals: []ledger.Journal{delta.Journal}}
		stored := ledgertest.Snapshot{Journals: []ledger.Journal{journal}}
		for _, p := range delta.Postings {
			again.Postings = append(again.Postings, ledger.JournalPosting{Journal: journal.ID, Posting: p})
		}
		for _, m := range delta.Movements {
			again.Movements = append(again.Movements, ledger.JournalMovement{Journal: journal.ID, Movement: m})
		}
		stored.Postings = of(rows.Postings, func(p ledger.JournalPosting) bool { return p.Journal == journal.ID })
		stored.Movements = of(rows.Movements, func(m ledger.JournalMovement) bool { return m.Journal == journal.ID })
		if diff := ledgertest.Diff(stored, again); diff != "" {
			t.Errorf("journal %d replays to:\n%s", journal.Seq, diff)
		}
		for _, id := range delta.NewLots {
			if lot, ok := delta.Lot(id); !ok || lot.Granted != lot.Remaining {
				t.Errorf("new lot %s = %+v, %t", id, lot, ok)
			}
		}
		for _, p := range delta.Postings {
			if account, ok := delta.Account(p.Debit); !ok || account.Account.Commodity != p.Commodity {
				t.Errorf("account of posting %d = %+v, %t", p.Line, account, ok)
			}
		}
	}
	if state.Seq != rows.Seq || !state.LastPostedAt.Equal(rows.LastPostedAt) {
		t.Errorf("replayed to seq %d at %s, want %d at %s", state.Seq, state.LastPostedAt, rows.Seq, rows.LastPostedAt)
	}
}

func of[Row any](rows []Row, keep func(Row) bool) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(row Row) bool { return !keep(row) })
}

func TestReplayRefuses(t *testing.T) {
	t.Parallel()
	rules := market.Rules()
	for name, c := range map[string]struct {
		at   int // index of the journal that is changed
		mend func(*ledger.Journal)
		want string
		is   error
	}{
		"gap_in_seq":                {3, func(j *ledger.Journal) { j.Seq++ }, "I18", nil},
		"template_of_other_version": {3, func(j *ledger.Journal) { j.TemplateVersion++ }, "version", nil},
		"unknown_template":          {6, func(j *ledger.Journal) { j.Template = "NO_SUCH" }, "NO_SUCH", ledger.ErrInvalidCommand},
		"spend_of_more_than_there": {3, func(j *ledger.Journal) {
			j.Arguments = ledger.Arguments(nil).ID("wallet", j.Wallet).Amount("quantity", 100).Text("product", "PROPOSAL")
		}, "insufficient", ledger.ErrInsufficientFunds},
		"spend_after_expiry": {3, func(j *ledger.Journal) { j.PostedAt = j.PostedAt.AddDate(2, 0, 0) }, "insufficient", ledger.ErrInsufficientFunds},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := story(t)
			c.mend(&rows.Journals[c.at])
			state := ledger.NewState(rows.Book)
			for i, journal := range rows.Journals {
				_, err := rules.Replay(state, journal)
				if i < c.at && err != nil {
					t.Fatalf("Replay(%d) = %v", i, err)
				}
				if i == c.at {
					if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
						t.Errorf("Replay() = %v, want an error with %q", err, c.want)
					}
					if state.Seq != int64(c.at) {
						t.Errorf("the state moved on to seq %d", state.Seq)
					}
					return
				}
			}
		})
	}
}
