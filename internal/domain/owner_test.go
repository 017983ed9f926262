package domain_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"purser/internal/domain"
	"purser/ledger"
)

func owner() domain.OwnerRow {
	return domain.OwnerRow{ID: ledger.ID{7}, Book: 3, Kind: domain.OwnerParty, Jurisdiction: "NP", TimeZone: "Asia/Kathmandu"}
}

func TestOwnerIs(t *testing.T) {
	t.Parallel()
	guard := domain.OwnerIs{Owner: owner()}
	known := owner()
	known.CreatedAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		stored any
		want   string
	}{
		"nobody_is_known":         {nil, ""},
		"known_with_the_same":     {known, ""},
		"known_as_organisation":   {changed(func(o *domain.OwnerRow) { o.Kind = domain.OwnerOrganisation }), domain.ReasonOwnerDiffers},
		"known_in_another_land":   {changed(func(o *domain.OwnerRow) { o.Jurisdiction = "IN" }), domain.ReasonOwnerDiffers},
		"known_with_another_zone": {changed(func(o *domain.OwnerRow) { o.TimeZone = "UTC" }), domain.ReasonOwnerDiffers},
		"known_in_another_book":   {changed(func(o *domain.OwnerRow) { o.Book = 4 }), domain.ReasonOwnerDiffers},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reason, facts := guard.Check(test.stored)
			if reason != test.want {
				t.Errorf("Check = %q, want %q", reason, test.want)
			}
			if stored, ok := test.stored.(domain.OwnerRow); ok && reason != "" && facts.TextOf("jurisdiction") != stored.Jurisdiction {
				t.Errorf("facts %v, want those on record", facts)
			}
		})
	}
	if got := guard.After(nil, nil); got != owner() {
		t.Errorf("After of nobody = %v, want the owner", got)
	}
	if got := guard.After(known, nil); got != known {
		t.Errorf("After = %v, want the row on record", got)
	}
}

func changed(change func(*domain.OwnerRow)) domain.OwnerRow {
	row := owner()
	change(&row)
	return row
}

func TestRecordOwnerIsCreatedWhenTheJournalWasPosted(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	want := owner()
	want.CreatedAt = at
	if got := (domain.RecordOwner{Owner: owner()}).Row(&ledger.Delta{Journal: ledger.Journal{PostedAt: at}}); got != want {
		t.Errorf("Row = %v, want %v", got, want)
	}
}

func TestIsOrganisation(t *testing.T) {
	t.Parallel()
	guard := domain.IsOrganisation{Organisation: ledger.ID{7}}
	if reason, _ := guard.Check(changed(func(o *domain.OwnerRow) { o.Kind = domain.OwnerOrganisation })); reason != "" {
		t.Errorf("refuses an organisation with %s", reason)
	}
	for name, stored := range map[string]any{"a party": owner(), "nobody": nil} {
		if reason, _ := guard.Check(stored); reason != domain.ReasonNotOrganisation {
			t.Errorf("Check of %s = %q, want %s", name, reason, domain.ReasonNotOrganisation)
		}
	}
}

// registry knows one owner, or fails.
type registry struct{ err error }

func (r registry) Owner(_ context.Context, id ledger.ID) (domain.OwnerRow, error) {
	switch {
	case r.err != nil:
		return domain.OwnerRow{}, r.err
	case id != owner().ID:
		return domain.OwnerRow{}, domain.ErrNotFound
	}
	return owner(), nil
}

func TestBookOf(t *testing.T) {
	t.Parallel()
	if book, err := domain.BookOf(context.Background(), registry{}, owner().ID); err != nil || book != 3 {
		t.Errorf("book of a known owner = %d, %v, want 3", book, err)
	}
	stranger := ledger.ID{8}
	if book, err := domain.BookOf(context.Background(), registry{}, stranger); err != nil || book != domain.AssignBook(stranger) {
		t.Errorf("book of a new owner = %d, %v, want the assigned one", book, err)
	}
	if _, err := domain.BookOf(context.Background(), registry{domain.ErrUnavailable}, stranger); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("got %v, want the fault of the read", err)
	}
}

func TestAssignBookSpreadsOwnersOverEveryBookButThePlatforms(t *testing.T) {
	t.Parallel()
	owners := map[ledger.BookID]int{}
	for i := range 4000 {
		owners[domain.AssignBook(ledger.ID{byte(i), byte(i >> 8)})]++
	}
	if len(owners) != 4 || owners[ledger.PlatformBook] > 0 {
		t.Fatalf("got books %v, want 1 to 4", owners)
	}
	for book, count := range owners {
		if count < 800 || count > 1200 {
			t.Errorf("book %d takes %d of 4000 owners, want about 1000", book, count)
		}
	}
}
