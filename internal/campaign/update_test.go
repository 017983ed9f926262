package campaign_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"purser/internal/campaign"
	"purser/ledger"
)

// changed returns a campaign's change log behind its creation, as field, old, new.
func (w *world) changed(ref campaign.Ref) [][3]string {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	var log [][3]string
	for _, line := range w.store.changes[ref.ID][1:] {
		log = append(log, [3]string{line.Field, line.Old, line.New})
	}
	return log
}

func TestUpdateChangesWhatIsGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.create(w.connects, 0)
	before := w.store.campaign(ref)
	name, bid, ends := "Winter", int64(40), midday.AddDate(0, 1, 0)

	result, err := w.update(ref, func(u *campaign.Update) {
		u.Name, u.BidMinor, u.Budget = &name, &bid, daily(1500)
		u.Ad = &campaign.Ad{Type: campaign.EntityProfile, ID: ledger.ID{0: 5, 15: 2}}
		u.Schedule = &campaign.Schedule{StartsAt: before.StartsAt, EndsAt: ends}
	})
	w.must(result.Outcome, err)
	got := w.store.campaign(ref)
	want := before
	want.Name, want.BidMinor, want.Budget, want.AdID, want.EndsAt = name, bid, *daily(1500), ledger.ID{0: 5, 15: 2}, ends
	want.Version, want.BudgetEdits = 2, 1
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(campaign.Row{}, "UpdatedAt")); diff != "" || !got.UpdatedAt.After(before.UpdatedAt) {
		t.Errorf("updated (-want +got):\n%s", diff)
	}

	w.clock.Advance(48 * time.Hour) // a start that long ago could not be chosen, but is kept
	result, err = w.update(ref, func(u *campaign.Update) { u.Schedule = &campaign.Schedule{StartsAt: before.StartsAt} })
	w.must(result.Outcome, err)
	if row := w.store.campaign(ref); !row.EndsAt.IsZero() || row.Version != 3 {
		t.Errorf("ends at %s at version %d, want open-ended at 3", row.EndsAt, row.Version)
	}
	log := [][3]string{
		{"name", before.Name, "Winter"},
		{"ad", "PROFILE " + before.AdID.String(), "PROFILE " + ledger.ID{0: 5, 15: 2}.String()},
		{"schedule.endsAt", "", "2026-12-23T17:00:00Z"},
		{"bid", "30 CNX", "40 CNX"},
		{"budget", "DAILY 1000 CNX", "DAILY 1500 CNX"},
		{"schedule.endsAt", "2026-12-23T17:00:00Z", ""},
	}
	if diff := cmp.Diff(log, w.changed(ref)); diff != "" {
		t.Errorf("change log (-want +got):\n%s", diff)
	}
	created := w.store.changes[ref.ID][0]
	if created.Field != campaign.FieldCreated || created.New != before.Name || created.Actor != w.advertiser().Principal {
		t.Errorf("the log begins with %+v, want the creation by the advertiser", created)
	}
}

func TestUpdateRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deposit(10_000, 0)
	other := w.store.campaign(w.create(w.prepaid, 0)).Name
	charged := w.create(w.prepaid, 5000)
	w.charge(charged, 10, 600)
	w.clock.Advance(-24 * time.Hour)
	w.charge(charged, 10, 300) // yesterday, in New York
	w.clock.Advance(24 * time.Hour)
	ended := w.create(w.prepaid, 0)
	w.become(ended, campaign.StatusEnded)
	for name, test := range map[string]struct {
		ref    campaign.Ref
		change func(*campaign.Update)
		reason string
		facts  ledger.Arguments
	}{
		"version_from_before": {
			ended, func(u *campaign.Update) { u.Version = 1; u.Budget = daily(1001) }, campaign.ReasonVersionConflict,
			ledger.Arguments(nil).Amount(campaign.FactExpected, 1).Amount(campaign.FactActual, 2),
		},
		"campaign_ended": {
			ended, func(u *campaign.Update) { u.Budget = daily(1001) }, campaign.ReasonCampaignEnded,
			ledger.Arguments(nil).Text(campaign.FactStatus, "ENDED"),
		},
		"name_taken": {
			charged, func(u *campaign.Update) { u.Name = &other }, campaign.ReasonNameTaken, nil,
		},
		"daily_below_today": {
			charged, func(u *campaign.Update) { u.Budget = daily(599) }, campaign.ReasonBelowSpentToday,
			ledger.Arguments(nil).Amount(campaign.FactSpent, 600).Text(campaign.FactDay, "2026-11-23").Text(campaign.FactTimeZone, newYork),
		},
		"lifetime_below_all": {
			charged, func(u *campaign.Update) { u.Budget = lifetime(899); u.ConfirmLargeChange = true }, campaign.ReasonBelowSpent,
			ledger.Arguments(nil).Amount(campaign.FactSpent, 900),
		},
		"large_change_up": {
			charged, func(u *campaign.Update) { u.Budget = daily(1501) }, campaign.ReasonLargeChange,
			ledger.Arguments(nil).Text(campaign.FactFromType, "DAILY").Amount(campaign.FactFrom, 1000).Text(campaign.FactToType, "DAILY").Amount(campaign.FactTo, 1501),
		},
		"large_change_of_type": {
			charged, func(u *campaign.Update) { u.Budget = lifetime(1000) }, campaign.ReasonLargeChange,
			ledger.Arguments(nil).Text(campaign.FactFromType, "DAILY").Amount(campaign.FactFrom, 1000).Text(campaign.FactToType, "LIFETIME").Amount(campaign.FactTo, 1000),
		},
		"budget_below_the_least": {
			charged, func(u *campaign.Update) { u.Budget = daily(99) }, campaign.ReasonBudgetBelowMin, nil,
		},
		"bid_above_the_ceiling": {
			charged, func(u *campaign.Update) { bid := int64(10_001); u.BidMinor = &bid }, campaign.ReasonBidOutOfRange, nil,
		},
		"window_that_is_over": {
			charged, func(u *campaign.Update) { u.Schedule = &campaign.Schedule{StartsAt: midday, EndsAt: midday} }, campaign.ReasonInvalidSchedule, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := w.in(t)
			result, err := w.update(test.ref, test.change)
			facts := w.refused(test.reason, result, err)
			if test.facts != nil && string(facts.Encode()) != string(test.facts.Encode()) {
				t.Errorf("facts %+v, want %+v", facts, test.facts)
			}
		})
	}
}

func TestBudgetMayBeWhatWasSpent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deposit(10_000, 0)
	ref := w.create(w.prepaid, 5000)
	w.charge(ref, 10, 600)
	for _, budget := range []*campaign.Budget{daily(600), lifetime(600)} {
		result, err := w.update(ref, func(u *campaign.Update) { u.Budget, u.ConfirmLargeChange = budget, true })
		w.must(result.Outcome, err)
	}
	result, err := w.update(ref, func(u *campaign.Update) { u.Budget = lifetime(900) }) // exactly half as much again
	w.must(result.Outcome, err)
}

func TestBudgetMayChangeFifteenTimesADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.create(w.connects, 0)
	for edit := range int64(15) {
		result, err := w.update(ref, func(u *campaign.Update) { u.Budget = daily(1001 + edit) })
		w.must(result.Outcome, err)
	}
	result, err := w.update(ref, func(u *campaign.Update) { u.Budget = daily(2000) })
	facts := w.refused(campaign.ReasonEditLimit, result, err)
	if limit, _ := facts.AmountOf(campaign.FactLimit); limit != 15 || facts.TextOf(campaign.FactDay) != "2026-11-23" {
		t.Errorf("facts %+v, want 15 on 23 November", facts)
	}
	name := "Renamed"
	result, err = w.update(ref, func(u *campaign.Update) { u.Name, u.Budget = &name, daily(1015) }) // the budget it has
	w.must(result.Outcome, err)
	if row := w.store.campaign(ref); row.BudgetEdits != 15 {
		t.Errorf("%d edits, want 15: the budget is what it was", row.BudgetEdits)
	}

	w.clock.Advance(12 * time.Hour) // midnight in New York
	result, err = w.update(ref, func(u *campaign.Update) { u.Budget = daily(1016) })
	w.must(result.Outcome, err)
	if row := w.store.campaign(ref); row.BudgetEdits != 1 || row.BudgetEditsOn != (ledger.Date{Year: 2026, Month: 11, Day: 24}) {
		t.Errorf("%d edits on %s, want the first of 24 November", row.BudgetEdits, row.BudgetEditsOn)
	}
}

func TestNamesAreFreedAndKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.create(w.connects, 0)
	old := w.store.campaign(ref).Name
	rename := func(name string) {
		t.Helper()
		result, err := w.update(ref, func(u *campaign.Update) { u.Name = &name })
		w.must(result.Outcome, err)
	}
	rename("Winter")
	rename("WINTER ") // its own name, written otherwise
	if got := w.store.campaign(ref).Name; got != "WINTER" {
		t.Errorf("named %q, want WINTER", got)
	}
	again := w.plan(w.connects)
	again.Name = old
	result, err := w.Create(t.Context(), w.advertiser(), again)
	w.must(result.Outcome, err)
	elsewhere := w.plan(w.prepaid)
	elsewhere.Name = "Winter"
	result, err = w.Create(t.Context(), w.advertiser(), elsewhere)
	w.must(result.Outcome, err)
}
