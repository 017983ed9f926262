package postgres_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// logged is a campaign with charges and changes, several of which are of one
// instant, as those of one batch of journals are.
func logged(w *adWorld, account campaign.Ref, name string, entries int) (of campaign.Ref, charges []campaign.ChargeRow, changes []campaign.ChangeRow) {
	w.t.Helper()
	of = w.campaign(account, name, nil)
	for i := range entries {
		at, journal := began.Add(time.Duration(i/3)*time.Minute), newID()
		charges = append(charges, campaign.ChargeRow{
			Journal: journal, Campaign: of.ID, Batch: name, MinuteAt: at.Truncate(time.Minute), Impressions: int64(i), Clicks: 3, BillableClicks: 2,
			Billed: 40, Unbilled: 20, PostedAt: at,
		})
		for line := range int16(2) {
			changes = append(changes, campaign.ChangeRow{
				Campaign: of.ID, Journal: journal, Line: line, At: at, Actor: "party:x", Field: "name", Old: "", New: name,
			})
		}
	}
	rows := make([]any, len(charges))
	for i, charge := range charges {
		rows[i] = charge
	}
	w.write(of.Book, campaign.EffectCharge, rows...)
	w.write(of.Book, campaign.EffectChanges, changes)
	slices.SortFunc(charges, func(a, b campaign.ChargeRow) int {
		if c := b.PostedAt.Compare(a.PostedAt); c != 0 {
			return c
		}
		return slices.Compare(b.Journal[:], a.Journal[:])
	})
	slices.SortFunc(changes, func(a, b campaign.ChangeRow) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		if c := slices.Compare(b.Journal[:], a.Journal[:]); c != 0 {
			return c
		}
		return int(b.Line - a.Line)
	})
	return of, charges, changes
}

// walkLog walks a log to its end, in the statement for one campaign or in the one
// for several, and returns it newest first.
func walkLog[Row any](t *testing.T, limit int, direction campaign.Direction, page func(last *Row) (rows []Row, more bool)) []Row {
	t.Helper()
	var walked []Row
	var last *Row
	for {
		rows, more := page(last)
		if len(rows) > limit || (more && len(rows) < limit) {
			t.Fatalf("page of %d rows, more: %t", len(rows), more)
		}
		if direction == campaign.Backward {
			walked = append(slices.Clone(rows), walked...)
		} else {
			walked = append(walked, rows...)
		}
		if !more {
			return walked
		}
		last = &rows[0]
		if direction == campaign.Forward {
			last = &rows[len(rows)-1]
		}
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, owner := w.openAdvertiser("UTC")
	of, charges, changes := logged(w, account, "Logged", 10)
	other, otherCharges, _ := logged(w, account, "Other", 4)
	for name, refs := range map[string][]campaign.Ref{"one": {of}, "several": {of, other}} {
		for _, direction := range []campaign.Direction{campaign.Forward, campaign.Backward} {
			for _, limit := range []int{1, 3, 10, 100} {
				gotCharges := walkLog(t, limit, direction, func(last *campaign.ChargeRow) ([]campaign.ChargeRow, bool) {
					query := campaign.ChargesQuery{Direction: direction, Limit: limit}
					if last != nil {
						query.HasKey, query.Key = true, campaign.ChargeKey{PostedAt: last.PostedAt, Journal: last.Journal}
					}
					page := w.campaignPage(owner, campaign.PageRequest{Campaigns: refs, Charges: []campaign.ChargesQuery{query}})
					found := adSectionOf[campaign.ChargePage](t, page, of, query)
					return found.Charges, found.More
				})
				if diff := cmp.Diff(charges, gotCharges); diff != "" {
					t.Errorf("%s, direction %d, charges in pages of %d (-want +got):\n%s", name, direction, limit, diff)
				}
				gotChanges := walkLog(t, limit, direction, func(last *campaign.ChangeRow) ([]campaign.ChangeRow, bool) {
					query := campaign.ChangesQuery{Direction: direction, Limit: limit}
					if last != nil {
						query.HasKey, query.Key = true, campaign.ChangeKey{At: last.At, Journal: last.Journal, Line: last.Line}
					}
					page := w.campaignPage(owner, campaign.PageRequest{Campaigns: refs, Changes: []campaign.ChangesQuery{query}})
					found := adSectionOf[campaign.ChangePage](t, page, of, query)
					return found.Changes, found.More
				})
				if diff := cmp.Diff(changes, gotChanges); diff != "" {
					t.Errorf("%s, direction %d, changes in pages of %d (-want +got):\n%s", name, direction, limit, diff)
				}
			}
		}
	}
	query := campaign.ChargesQuery{Limit: 10}
	page := w.campaignPage(owner, campaign.PageRequest{Mine: true, Lists: []campaign.CampaignsQuery{{OrderBy: campaign.OrderName, Limit: 10}}, Charges: []campaign.ChargesQuery{query}})
	for ref, want := range map[campaign.Ref][]campaign.ChargeRow{of: charges, other: otherCharges} {
		if diff := cmp.Diff(want, adSectionOf[campaign.ChargePage](t, page, ref, query).Charges); diff != "" {
			t.Errorf("charges of a campaign found by a list (-want +got):\n%s", diff)
		}
	}
}

func TestWalletOwner(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	ref, owner := w.openOwn()
	if got, err := w.reader.WalletOwner(t.Context(), ref.Book, ref.ID); err != nil || got != owner.Party {
		t.Errorf("owner %s, %v, want %s", got, err, owner.Party)
	}
	for name, id := range map[string]ledger.ID{"unknown": newID(), "owner": owner.Party} {
		if got, err := w.reader.WalletOwner(t.Context(), ref.Book, id); !errors.Is(err, domain.ErrNotFound) || !got.IsZero() {
			t.Errorf("%s: %s, %v, want domain.ErrNotFound", name, got, err)
		}
	}
	if _, err := w.reader.WalletOwner(t.Context(), ref.Book%4+1, ref.ID); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("wrong book: %v, want domain.ErrNotFound", err)
	}
}
