package postgres_test

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"
	"weak"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"purser/internal/domain"
	"purser/internal/obs"
	"purser/internal/postgres"
	"purser/internal/wallet"
	"purser/ledger"
)

// exported is all of an export, which only a test may keep.
func exported(t *testing.T, e *postgres.Export) []postgres.ExportJournal {
	t.Helper()
	var all []postgres.ExportJournal
	err := e.Journals(t.Context(), func(slice []postgres.ExportJournal) error {
		all = append(all, slice...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func newExport(ctx context.Context, t *testing.T, w *world, dates domain.Dates) *postgres.Export {
	t.Helper()
	e, err := w.db.NewExport(ctx, dates)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// exportWorld has journals of three days in several books: with and without postings, and a reversal.
func exportWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for day := range 3 {
		for range 3 {
			ref, caller := w.openOwn()
			w.purchase(ref, 40, 600, ledger.USD)
			spend := w.spend(caller, ref, 10)
			w.reverse(ref, spend, 4, "RETURN_TOS")
		}
		if day < 2 {
			w.wait(24 * time.Hour)
		}
	}
	return w
}

func TestExportIsTheJournal(t *testing.T) {
	t.Parallel()
	w := exportWorld(t)
	all := exported(t, newExport(t.Context(), t, w, domain.Dates{}))

	var refs []wallet.JournalRef
	empty := 0
	for _, j := range all {
		refs = append(refs, wallet.JournalRef{Book: j.Book, ID: j.ID})
		if len(j.Postings) == 0 {
			empty++
		}
	}
	if len(all) != 36 || empty == 0 || empty == len(all) {
		t.Fatalf("exported %d journals, %d of them without postings, want 36 and some", len(all), empty)
	}
	want, err := w.reader.Journals(t.Context(), refs)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) != len(all) {
		t.Fatalf("the reader has %d of %d journals", len(want), len(all))
	}
	for i, got := range all {
		if diff := cmp.Diff(want[i].Journal, got.Journal, cmpopts.IgnoreFields(ledger.Journal{}, "Arguments")); diff != "" {
			t.Errorf("journal %d (-read +exported):\n%s", i, diff)
		}
		arguments, err := ledger.DecodeArguments(got.Stored)
		if err != nil {
			t.Error(err)
		}
		if !reflect.DeepEqual(arguments, want[i].Arguments) {
			t.Errorf("arguments of journal %d: exported %v, read %v", i, arguments, want[i].Arguments)
		}
		var postings []wallet.PostingDetail
		for _, p := range got.Postings {
			postings = append(postings, wallet.PostingDetail{Posting: p.Posting, DebitCode: p.DebitCode, CreditCode: p.CreditCode})
		}
		if diff := cmp.Diff(want[i].Postings, postings); diff != "" {
			t.Errorf("postings of journal %d (-read +exported):\n%s", i, diff)
		}
	}
}

// However much there is, memory holds one slice, and no connection waits while it is written.
func TestExportReadsInSlices(t *testing.T) {
	t.Parallel()
	w := exportWorld(t)
	ctx, counter := obs.WithCounter(t.Context())
	e := newExport(ctx, t, w, domain.Dates{})
	const journals, accounts = 4, 3
	e.Shrink(journals, accounts)

	var last weak.Pointer[postgres.ExportJournal]
	seen := map[ledger.BookID]int64{}
	err := e.Journals(ctx, func(slice []postgres.ExportJournal) error {
		if len(slice) > journals {
			t.Errorf("a slice has %d journals, want at most %d", len(slice), journals)
		}
		if readers := w.db.Readers(); readers != 0 {
			t.Errorf("%d connections are in use while a slice is written", readers)
		}
		runtime.GC()
		if last.Value() != nil {
			t.Error("the slice before this one is still in memory")
		}
		for _, j := range slice {
			if j.Seq != seen[j.Book]+1 {
				t.Errorf("book %d: seq %d follows %d", j.Book, j.Seq, seen[j.Book])
			}
			seen[j.Book] = j.Seq
		}
		last = weak.Make(&slice[0])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	statements := 1
	for _, head := range e.Heads() {
		statements += 2 * int((head.Seq+journals-1)/journals)
		if seen[head.Book] != head.Seq {
			t.Errorf("book %d: exported up to seq %d, want %d", head.Book, seen[head.Book], head.Seq)
		}
	}
	if counter.Statements() != statements || statements < 1+2*36/journals {
		t.Errorf("%d statements, want %d", counter.Statements(), statements)
	}

	var codes []string
	err = e.Accounts(ctx, func(slice []postgres.ExportAccount) error {
		if len(slice) > accounts {
			t.Errorf("a slice has %d accounts, want at most %d", len(slice), accounts)
		}
		for _, account := range slice {
			codes = append(codes, string(rune('0'+account.Book))+account.Code)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range exported(t, e) {
		for _, p := range j.Postings {
			for _, code := range []string{p.DebitCode, p.CreditCode} {
				if !slices.Contains(codes, string(rune('0'+j.Book))+code) {
					t.Errorf("account %s of book %d is not exported", code, j.Book)
				}
			}
		}
	}
	if unique := slices.Compact(slices.Sorted(slices.Values(codes))); len(unique) != len(codes) {
		t.Errorf("%d accounts are exported %d times", len(unique), len(codes))
	}
}

func TestExportExtent(t *testing.T) {
	t.Parallel()
	w := exportWorld(t)
	days := []ledger.Date{ledger.DateOf(began), domain.AddDays(ledger.DateOf(began), 1), domain.AddDays(ledger.DateOf(began), 2)}
	for name, c := range map[string]struct {
		dates domain.Dates
		want  int
	}{
		"dates_are_half_open":       {domain.Dates{From: days[1], To: days[2]}, 12},
		"open_end_takes_the_rest":   {domain.Dates{From: days[1]}, 24},
		"open_start_takes_the_past": {domain.Dates{To: days[1]}, 12},
		"days_without_journals":     {domain.Dates{To: days[0]}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := exported(t, newExport(t.Context(), t, w, c.dates))
			if len(got) != c.want {
				t.Errorf("got %d journals, want %d", len(got), c.want)
			}
			for _, j := range got {
				if j.BookedOn.Time().Before(c.dates.From.Time()) || (c.dates.To != ledger.Date{} && !j.BookedOn.Time().Before(c.dates.To.Time())) {
					t.Errorf("journal %s is booked on %s", j.ID, j.BookedOn)
				}
			}
		})
	}
}

func TestExportEndsWhereItBegan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, caller := w.openOwn()
	w.purchase(ref, 40, 600, ledger.USD)
	e := newExport(t.Context(), t, w, domain.Dates{})
	later := w.spend(caller, ref, 10)
	if got := exported(t, e); len(got) != 2 || got[1].ID == later {
		t.Errorf("exported %d journals, want the 2 that were there when it began", len(got))
	}
	if got := exported(t, newExport(t.Context(), t, w, domain.Dates{})); len(got) != 3 || got[2].ID != later {
		t.Errorf("the next export has %d journals, want 3", len(got))
	}
}

func TestExportStopsAtAnError(t *testing.T) {
	t.Parallel()
	w := exportWorld(t)
	e := newExport(t.Context(), t, w, domain.Dates{})
	e.Shrink(2, 2)
	full := errors.New("disk full")
	calls := 0
	if err := e.Journals(t.Context(), func([]postgres.ExportJournal) error { calls++; return full }); !errors.Is(err, full) || calls != 1 {
		t.Errorf("journals: %v after %d slices, want the writer's error after 1", err, calls)
	}
	calls = 0
	if err := e.Accounts(t.Context(), func([]postgres.ExportAccount) error { calls++; return full }); !errors.Is(err, full) || calls != 1 {
		t.Errorf("accounts: %v after %d slices, want the writer's error after 1", err, calls)
	}
	w.db.Close()
	if err := e.Journals(t.Context(), func([]postgres.ExportJournal) error { return nil }); err == nil {
		t.Error("a database that is gone is no error")
	}
}
