package campaign_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// paths lead from a draft to each status.
var paths = map[campaign.Status][]campaign.Status{
	campaign.StatusDraft:    {},
	campaign.StatusEnabled:  {campaign.StatusEnabled},
	campaign.StatusPaused:   {campaign.StatusEnabled, campaign.StatusPaused},
	campaign.StatusEnded:    {campaign.StatusEnded},
	campaign.StatusArchived: {campaign.StatusEnded, campaign.StatusArchived},
}

// moves are all that may follow each status.
var moves = map[campaign.Status][]campaign.Status{
	campaign.StatusDraft:   {campaign.StatusEnabled, campaign.StatusEnded},
	campaign.StatusEnabled: {campaign.StatusPaused, campaign.StatusEnded},
	campaign.StatusPaused:  {campaign.StatusEnabled, campaign.StatusEnded},
	campaign.StatusEnded:   {campaign.StatusArchived},
}

func TestStateMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.purchase(1000)
	for _, from := range campaign.Statuses {
		for _, to := range campaign.Statuses {
			t.Run(fmt.Sprintf("%s_to_%s", from, to), func(t *testing.T) {
				t.Parallel()
				w := w.in(t)
				ref := w.create(w.connects, 10)
				w.become(ref, paths[from]...)
				before := w.store.campaign(ref)
				result, err := w.setStatus(ref, to)
				after := w.store.campaign(ref)
				if !slices.Contains(moves[from], to) {
					facts := w.refused(campaign.ReasonIllegalMove, result, err)
					if facts.TextOf(campaign.FactFrom) != string(from) || facts.TextOf(campaign.FactTo) != string(to) {
						t.Errorf("facts %+v, want %s to %s", facts, from, to)
					}
					if after != before {
						t.Errorf("left %+v, want it as it was", after)
					}
					return
				}
				w.must(result.Outcome, err)
				if after.Status != to || after.Version != before.Version+1 {
					t.Errorf("is %s at version %d, want %s at %d", after.Status, after.Version, to, before.Version+1)
				}
				log := w.changed(ref)
				if last := log[len(log)-1]; last != [3]string{campaign.FieldStatus, string(from), string(to)} {
					t.Errorf("logged %v, want the status from %s to %s", last, from, to)
				}
				if ended := to == campaign.StatusEnded || to == campaign.StatusArchived; ended != (after.Totals.Remaining() == 0) {
					t.Errorf("%d remaining as %s", after.Totals.Remaining(), to)
				}
			})
		}
	}
}

func TestEnablingNeedsFunds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.purchase(10)
	ref := w.create(w.connects, 0)
	result, err := w.setStatus(ref, campaign.StatusEnabled)
	w.refused(campaign.ReasonNoFunds, result, err)
	funded, err := w.Fund(t.Context(), w.advertiser(), campaign.Fund{Key: w.key(), Campaign: ref, Amount: 1})
	w.must(funded.Outcome, err)
	w.become(ref, campaign.StatusEnabled)
	w.charge(ref, 1, 1)
	w.become(ref, campaign.StatusPaused)
	result, err = w.setStatus(ref, campaign.StatusEnabled)
	w.refused(campaign.ReasonNoFunds, result, err)
}

func TestSetStatusAtAVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.create(w.connects, 0)
	in := campaign.SetStatus{Key: w.key(), Campaign: ref, Version: 2, Status: campaign.StatusEnded}
	result, err := w.SetStatus(t.Context(), w.advertiser(), in)
	facts := w.refused(campaign.ReasonVersionConflict, result, err)
	if actual, _ := facts.AmountOf(campaign.FactActual); actual != 1 {
		t.Errorf("actual version %d, want 1", actual)
	}
	in.Key, in.Version = w.key(), 1
	result, err = w.SetStatus(t.Context(), w.advertiser(), in)
	w.must(result.Outcome, err)
	again, err := w.SetStatus(t.Context(), w.advertiser(), in)
	w.must(again.Outcome, err)
	if !again.Outcome.Replayed || again.Outcome.Journal != result.Outcome.Journal {
		t.Errorf("got %+v, want a replay of %s", again.Outcome, result.Outcome.Journal)
	}
}

func TestSetStatusesDecidesEachByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger, err := w.OpenAdAccount(t.Context(), service, campaign.OpenAdAccount{
		Key: w.key(), Owner: ledger.ID{0: 8, 15: 1}, OwnerKind: domain.OwnerParty, Jurisdiction: "US", Name: "Not theirs", Commodity: ledger.USD, TimeZone: newYork,
	})
	w.must(stranger.Outcome, err)
	foreign, err := w.Create(t.Context(), service, w.plan(stranger.AdAccount))
	w.must(foreign.Outcome, err)

	const foreignAt, archivedAt = 57, 99
	in := campaign.SetStatuses{Key: w.key(), Status: campaign.StatusEnded}
	for i := range 100 {
		ref := foreign.Campaign
		if i != foreignAt {
			ref = w.create(w.prepaid, 0)
		}
		in.Campaigns = append(in.Campaigns, ref)
	}
	w.become(in.Campaigns[archivedAt], campaign.StatusEnded, campaign.StatusArchived)
	for _, replayed := range []bool{false, true} {
		results, err := w.SetStatuses(t.Context(), w.advertiser(), in)
		if err != nil || len(results) != len(in.Campaigns) {
			t.Fatalf("got %d results, %v, want 100", len(results), err)
		}
		for i, result := range results {
			switch i {
			case foreignAt:
				if !errors.Is(result.Err, domain.ErrNotFound) {
					t.Errorf("the foreign campaign: got %+v, want ErrNotFound", result)
				}
			case archivedAt:
				w.refused(campaign.ReasonIllegalMove, result.Result, result.Err)
			default:
				w.must(result.Outcome, result.Err)
			}
			if i != foreignAt && (result.Campaign != in.Campaigns[i] || result.Outcome.Replayed != replayed) {
				t.Errorf("result %d is of %s, replayed %t, want %s, %t", i, result.Campaign.ID, result.Outcome.Replayed, in.Campaigns[i].ID, replayed)
			}
		}
	}
	for i, ref := range in.Campaigns {
		want := campaign.StatusEnded
		switch i {
		case foreignAt:
			want = campaign.StatusDraft
		case archivedAt:
			want = campaign.StatusArchived
		}
		if got := w.store.campaign(ref).Status; got != want {
			t.Errorf("campaign %d is %s, want %s", i, got, want)
		}
	}
}

func TestSetStatusesReportsAFaultPerCampaign(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := campaign.SetStatuses{Key: w.key(), Status: campaign.StatusEnded, Campaigns: []campaign.Ref{w.create(w.connects, 0), w.create(w.connects, 0)}}
	if err := w.ledger.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	results, err := w.SetStatuses(t.Context(), w.advertiser(), in)
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		if !errors.Is(result.Err, ledger.ErrClosed) {
			t.Errorf("result %d: got %v, want ErrClosed", i, result.Err)
		}
	}
}
