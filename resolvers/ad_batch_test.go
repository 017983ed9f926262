package resolvers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/obs"
	"purser/ledger"
	"purser/resolvers"
)

const statusesMutation = `mutation($input: SetCampaignStatusesInput!) { setCampaignStatuses(input: $input) {
	... on SetCampaignStatusesSuccess { replayed outcomes { campaignId payload { __typename
		... on SetCampaignStatusSuccess { replayed journalId campaign { id status delivery { reasons } performance(range: {preset: LAST_7_DAYS}) { totals { clicks } } } }
		... on UserError { code path } } } again: outcomes { payload { ... on SetCampaignStatusSuccess { campaign { version changeLog(first: 1) { nodes { field } } } } } } } } }`

// newCampaigns is an ad account with funded drafts.
func newCampaigns(t *testing.T, count int) (w adWorld, ids []string) {
	t.Helper()
	w = adWorld{newWorld(t)}
	account := w.openAds(map[string]any{"organisationId": acme.String()}, "US", "America/New_York", "Many", "")
	w.works(ana, acme, "ADVERTISER_ADMIN")
	w.deposit(account, 1000*count)
	for n := range count {
		ids = append(ids, w.create(anaSays, account, plan{fmt.Sprint("Campaign ", n), "PROMOTED_JOB", "DAILY", "", 100, 5000, 500}))
	}
	return w, ids
}

// Of a hundred campaigns one is somebody else's: it alone is not found, and the
// success of the others is read in one page.
func TestHundredStatuses(t *testing.T) {
	t.Parallel()
	w, ids := newCampaigns(t, 99)
	theirs := w.freelancer(jonas, "DE", "Europe/Berlin", "Jonas", 60)
	foreign := w.create(jonasSays, theirs, plan{"Profil", "BOOSTED_PROFILE", "LIFETIME", "", 4, 50, 20})
	ids = slices.Insert(ids, 37, foreign)
	input := map[string]any{"idempotencyKey": "hundred-statuses", "campaignIds": ids, "status": "ENABLED"}
	journals := map[string]string{}
	for _, replayed := range []bool{false, true} {
		ctx, counter := obs.WithCounter(t.Context())
		a := do(t, ctx, w.handler, request{token: anaSays, query: statusesMutation, variables: map[string]any{"input": input}})
		if len(a.Errors) > 0 {
			t.Fatal(a.raw)
		}
		data := objectOf(t, a.Data)
		for i, id := range ids {
			at := []any{"setCampaignStatuses", "outcomes", i}
			want := "SetCampaignStatusSuccess"
			if id == foreign {
				want = "NotFound"
			}
			if got := data.text(append(at, "payload", "__typename")...); got != want || data.text(append(at, "campaignId")...) != id {
				t.Errorf("outcome %d = %v, want %s", i, data.at(at...), want)
			}
			if id == foreign {
				continue
			}
			if got := data.text(append(at, "payload", "campaign", "id")...); got != id || data.at(append(at, "payload", "replayed")...) != replayed {
				t.Errorf("outcome %d = %v, want its own campaign, replayed: %v", i, data.at(at...), replayed)
			}
			journal := data.text(append(at, "payload", "journalId")...)
			if !replayed {
				journals[id] = journal
			}
			if journal != journals[id] {
				t.Errorf("journal of outcome %d = %s, want %s as before", i, journal, journals[id])
			}
			if got := data.text("setCampaignStatuses", "again", i, "payload", "campaign", "version"); got != "2" {
				t.Errorf("version of campaign %d = %s, want 2", i, got)
			}
		}
		if data.at("setCampaignStatuses", "replayed") != replayed {
			t.Errorf("replayed = %v, want %v", data.at("setCampaignStatuses", "replayed"), replayed)
		}
		// Once to see who may, once to show them, whatever the aliases.
		if got := counted(counter.Names(), "campaigns_by_name"); got != 2 {
			t.Errorf("campaigns were read %d times, want 2: %v", got, counter.Names())
		}
	}
	if n := w.batches.Load(); n != 0 {
		t.Errorf("%d loader batches ran, want every load a primed hit", n)
	}
	own := w.data(jonasSays, `query($id: ID!) { campaign(id: $id) { status } }`, map[string]any{"id": foreign})
	if got := own.text("campaign", "status"); got != "DRAFT" {
		t.Errorf("the foreign campaign is %s, want DRAFT as before", got)
	}
}

func counted(names []string, name string) int {
	count := 0
	for _, each := range names {
		if each == name {
			count++
		}
	}
	return count
}

// The statements that are not of the ledger's batches are as many for one campaign as
// for twenty.
func TestStatusesReadAlike(t *testing.T) {
	t.Parallel()
	w, ids := newCampaigns(t, 20)
	reads := func(key string, ids []string) []string {
		input := map[string]any{"idempotencyKey": key, "campaignIds": ids, "status": "ENABLED"}
		if a := w.do(anaSays, statusesMutation, map[string]any{"input": input}); strings.Contains(a.raw, "UserError") || len(a.Errors) > 0 {
			t.Fatal(a.raw)
		}
		// A replay decides nothing anew, however the commands fell into batches.
		ctx, counter := obs.WithCounter(t.Context())
		do(t, ctx, w.handler, request{token: anaSays, query: statusesMutation, variables: map[string]any{"input": input}})
		return counter.Names()
	}
	if diff := cmp.Diff(reads("statuses-of-one", ids[:1]), reads("statuses-of-many", ids[1:])); diff != "" {
		t.Errorf("statements (-one +nineteen):\n%s", diff)
	}
}

// scripted is a service of campaigns that decides as it is told.
type scripted struct {
	resolvers.Campaigns
	statuses []campaign.StatusResult
	err      error
	result   campaign.Result
}

func (s scripted) SetStatuses(context.Context, domain.Caller, campaign.SetStatuses) ([]campaign.StatusResult, error) {
	return s.statuses, s.err
}

func (s scripted) SetStatus(context.Context, domain.Caller, campaign.SetStatus) (campaign.Result, error) {
	return s.result, s.err
}

func (s scripted) Fund(context.Context, domain.Caller, campaign.Fund) (campaign.Result, error) {
	return s.result, s.err
}

func (s scripted) Create(context.Context, domain.Caller, campaign.Create) (campaign.Result, error) {
	return s.result, s.err
}

func (s scripted) Update(context.Context, domain.Caller, campaign.Update) (campaign.Result, error) {
	return s.result, s.err
}

func (s scripted) Charge(context.Context, domain.Caller, campaign.Charge) (campaign.Result, error) {
	return s.result, s.err
}

func (s scripted) handle(t *testing.T, r request) answer {
	t.Helper()
	handler := newHandler(t, resolvers.Config{
		Campaigns: s, Reader: broken{fail: func(context.Context) error { return errors.New("nothing is read") }},
		Clock: func() time.Time { return began }, Log: obs.NewLogger(io.Discard, obs.Production), RequestID: obs.RequestID,
	})
	return do(t, t.Context(), handler, r)
}

// campaignIDs are the opaque ids of three campaigns of book 2.
func campaignIDs() []string {
	var ids []string
	for n := range uint64(3) {
		ids = append(ids, opaqueID(6, 2, party(800+n)))
	}
	return ids
}

// What became of one campaign is unknown: its payload is null with the fault at its
// path, and the others say what became of them.
func TestOneStatusIsUnknown(t *testing.T) {
	t.Parallel()
	decided := func(n uint64, refusal ledger.Refusal) campaign.StatusResult {
		return campaign.StatusResult{Result: campaign.Result{
			Outcome: ledger.Outcome{Refusal: refusal, BookSeq: 7, Replayed: true}, AdAccount: campaign.Ref{Book: 2}, Campaign: campaign.Ref{Book: 2, ID: party(800 + n)},
		}}
	}
	for fault, code := range map[error]string{
		ledger.ErrOverloaded: "OVERLOADED", fmt.Errorf("commit: %w", ledger.ErrRetry): "UNAVAILABLE", errors.New("a bug"): "INTERNAL",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			a := scripted{statuses: []campaign.StatusResult{
				decided(0, nil), {Err: fmt.Errorf("set status: %w", fault)}, {Err: domain.ErrNotFound},
			}}.handle(t, request{
				token: anaSays,
				query: `mutation($ids: [ID!]!) { setCampaignStatuses(input: {idempotencyKey: "three-statuses", campaignIds: $ids, status: PAUSED}) {
					... on SetCampaignStatusesSuccess { replayed outcomes { payload { __typename } } } } }`,
				variables: map[string]any{"ids": campaignIDs()},
			})
			want := `{"setCampaignStatuses":{"replayed":false,"outcomes":[{"payload":{"__typename":"SetCampaignStatusSuccess"}},{"payload":null},{"payload":{"__typename":"NotFound"}}]}}`
			if string(a.Data) != want || len(a.Errors) != 1 || a.code() != code || fmt.Sprint(a.Errors[0].Path) != "[setCampaignStatuses outcomes 1 payload]" {
				t.Errorf("answer = %s, want %s with %s at the payload", a.raw, want, code)
			}
		})
	}
}

// A batch that was not begun is one fault, not a hundred.
func TestStatusesAreUnknown(t *testing.T) {
	t.Parallel()
	a := scripted{err: fmt.Errorf("read campaigns: %w", domain.ErrUnavailable)}.handle(t, request{
		token: anaSays, query: statusesMutation,
		variables: map[string]any{"input": map[string]any{"idempotencyKey": "three-statuses", "campaignIds": campaignIDs(), "status": "PAUSED"}},
	})
	if string(a.Data) != `{"setCampaignStatuses":null}` || len(a.Errors) != 1 || a.code() != "UNAVAILABLE" {
		t.Errorf("answer = %s, want null with UNAVAILABLE", a.raw)
	}
}
