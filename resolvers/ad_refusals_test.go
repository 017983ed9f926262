package resolvers_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"time"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/obs"
	"purser/ledger"
	"purser/resolvers"
)

// opaqueID is an id as its documentation lays it out: version, type, book and uuid.
func opaqueID(kind byte, book uint32, id ledger.ID) string {
	b := binary.BigEndian.AppendUint32([]byte{1, kind}, book)
	return base64.RawURLEncoding.EncodeToString(append(b, id[:]...))
}

// refusedBy is what a guard refuses with.
func refusedBy(reason string, facts ledger.Arguments) ledger.Refusal {
	return &ledger.GuardFailedError{Kind: campaign.GuardCampaign, ID: "any", Reason: reason, Detail: facts}
}

// storedRefusal is a refusal as storage keeps it under a code.
func storedRefusal(t *testing.T, code string) ledger.Refusal {
	t.Helper()
	refusal, err := ledger.DecodeRefusal(code, ledger.Arguments(nil).Text("detail", string(ledger.Arguments(nil).Encode())).Encode())
	if err != nil {
		t.Fatal(err)
	}
	return refusal
}

// Refusals that data of a test's size cannot lead to are told all the same, and those
// that no rule of a mutation can lead to are faults of ours.
func TestRareRefusalsOfAds(t *testing.T) {
	t.Parallel()
	const (
		fund   = `mutation { fundCampaign(input: {idempotencyKey: "any-key-01", campaignId: "AQ", amountMinor: 1}) { __typename ... on UserError { code path retry replayed } } }`
		status = `mutation { setCampaignStatus(input: {idempotencyKey: "any-key-01", campaignId: "AQ", status: ENDED}) { __typename ... on UserError { code path retry replayed } } }`
		create = `mutation { createCampaign(input: {idempotencyKey: "any-key-01", adAccountId: "AQ", name: "n", product: PROMOTED_JOB,
			ad: {type: JOB, entityId: "00000000-0000-4000-8000-000000000001"}, schedule: {startsAt: "2026-03-02T00:00:00Z"}, bidMinor: 1,
			budget: {type: DAILY, amountMinor: 1}}) { __typename ... on CampaignLimit { limit } ... on UserError { code path retry replayed } } }`
		charge = `mutation { recordClickCharges(input: {idempotencyKey: "any-key-01", campaignId: "AQ", batchId: "b", minuteAt: "2026-03-01T00:00:00Z",
			impressions: 1, clicks: 1, chargeMinor: 1}) { __typename ... on UserError { code path retry replayed } } }`
	)
	for name, c := range map[string]struct {
		query   string
		refusal ledger.Refusal
		want    string
	}{
		"fund_overflows":       {fund, storedRefusal(t, "AMOUNT_OVERFLOW"), `{"__typename":"AmountOverflow","code":"AMOUNT_OVERFLOW","path":["input","amountMinor"],"retry":"NEVER","replayed":true}`},
		"fund_invalid":         {fund, storedRefusal(t, "INVALID_AMOUNT"), `{"__typename":"ValidationFailed","code":"VALIDATION_FAILED","path":["input","amountMinor"],"retry":"NEVER","replayed":true}`},
		"charge_overflows":     {charge, refusedBy(campaign.ReasonOverflow, nil), `{"__typename":"AmountOverflow","code":"AMOUNT_OVERFLOW","path":["input","chargeMinor"],"retry":"NEVER","replayed":true}`},
		"too_many_campaigns":   {create, refusedBy(campaign.ReasonCampaignLimit, ledger.Arguments(nil).Amount(campaign.FactLimit, 10_000)), `{"__typename":"CampaignLimit","limit":10000,"code":"CAMPAIGN_LIMIT","path":["input","adAccountId"],"retry":"NEVER","replayed":true}`},
		"row_missing":          {fund, refusedBy(campaign.ReasonMissing, nil), "INTERNAL"},
		"reason_unknown":       {fund, refusedBy("SOMETHING_NEW", nil), "INTERNAL"},
		"no_member_of_payload": {fund, refusedBy(campaign.ReasonIllegalMove, nil), "INTERNAL"},
		"once_without_a_place": {status, storedRefusal(t, "STATUS_CONFLICT"), "INTERNAL"},
		"account_closed":       {fund, storedRefusal(t, "ACCOUNT_CLOSED"), "INTERNAL"},
		"account_missing":      {fund, storedRefusal(t, "ACCOUNT_MISSING"), "INTERNAL"},
		"zone_unknown":         {create, refusedBy(campaign.ReasonEditLimit, ledger.Arguments(nil).Text(campaign.FactTimeZone, "Mars/Olympus")), "INTERNAL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := scripted{result: campaign.Result{
				Outcome: ledger.Outcome{Refusal: c.refusal, BookSeq: 7, Replayed: true}, AdAccount: campaign.Ref{Book: 2, ID: party(1)}, Commodity: ledger.USD,
			}}.handle(t, request{token: priyaSays + " SERVICE / recordClickCharges", query: c.query})
			if !strings.Contains(a.raw, c.want) || c.want == "INTERNAL" && a.code() != c.want {
				t.Errorf("answer = %s, want %s", a.raw, c.want)
			}
		})
	}
}

// withoutCharges is a reader that cannot say what was charged.
type withoutCharges struct {
	resolvers.Reader
	fault error
}

func (r withoutCharges) ClickCharge(context.Context, ledger.BookID, ledger.ID, ledger.ID) (campaign.ChargeRow, error) {
	return campaign.ChargeRow{}, r.fault
}

// The write stands when what it did cannot be read: the caller is told to send the
// same again, never that nothing was billed.
func TestChargeThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]error{"UNAVAILABLE": domain.ErrUnavailable, "INTERNAL": domain.ErrNotFound} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newAdMarket(t)
			handler := newHandler(t, resolvers.Config{
				Campaigns: w.campaigns, Reader: withoutCharges{w.db.NewReader(w.clock), fault}, Clock: w.clock,
				Log: obs.NewLogger(io.Discard, obs.Production), RequestID: obs.RequestID,
			})
			input := adInputs(w)["recordClickCharges"]
			a := do(t, t.Context(), handler, request{token: adsToken, query: chargeMutation, variables: map[string]any{"input": input}})
			if a.code() != name || string(a.Data) != `{"recordClickCharges":null}` {
				t.Errorf("answer = %s, want null with %s", a.raw, name)
			}
			again := w.data(adsToken, `mutation($input: RecordClickChargesInput!) { recordClickCharges(input: $input) {
				... on RecordClickChargesSuccess { replayed billed { minor } } } }`, map[string]any{"input": input})
			if got := marshal(t, again.at("recordClickCharges")); got != `{"billed":{"minor":"100"},"replayed":true}` {
				t.Errorf("sent again: %s, want what was billed, replayed", got)
			}
		})
	}
}

// The limit on changes of a budget is per date of the ad account's zone: it begins
// anew with the date, also on the one that has 23 hours, and a replay still says when.
func TestBudgetEditsPerDay(t *testing.T) {
	t.Parallel()
	w := adWorld{newWorld(t)}
	account := w.openAds(map[string]any{"organisationId": acme.String()}, "US", "America/New_York", "Edits", "")
	w.works(ana, acme, "ADVERTISER_ADMIN")
	w.until(time.Date(2026, 3, 8, 5, 0, 0, 0, time.UTC)) // midnight; clocks go forward at 2
	id := w.create(anaSays, account, plan{"Edited", "PROMOTED_JOB", "DAILY", "", 100, 1000, 0})
	const mutation = `mutation($input: UpdateCampaignInput!) { updateCampaign(input: $input) { __typename
		... on EditLimitReached { limit resetsAt retry replayed } ... on UserError { code } } }`
	version := 1
	edit := func(key string, amount int) object {
		t.Helper()
		return w.data(anaSays, mutation, map[string]any{"input": map[string]any{
			"idempotencyKey": key, "campaignId": id, "version": version, "budget": map[string]any{"type": "DAILY", "amountMinor": amount},
		}})
	}
	for ; version <= 15; version++ {
		if got := edit(w.key(), 1000+version).text("updateCampaign", "__typename"); got != "UpdateCampaignSuccess" {
			t.Fatalf("change %d: %s", version, got)
		}
	}
	refused := func(key string, replayed bool) {
		t.Helper()
		want := map[string]any{
			"__typename": "EditLimitReached", "code": "EDIT_LIMIT_REACHED", "limit": "15", "resetsAt": "2026-03-09T04:00:00Z", "retry": "NEW_KEY", "replayed": replayed,
		}
		got := edit(key, 2000)
		for name, value := range want {
			if got.text("updateCampaign", name) != object(want).text(name) {
				t.Errorf("at %s: %s = %v, want %v", w.clock(), name, got.at("updateCampaign", name), value)
			}
		}
	}
	refused("sixteenth-edit", false)
	w.until(time.Date(2026, 3, 9, 3, 59, 59, 0, time.UTC))
	refused("seventeenth-edit", false)
	w.until(time.Date(2026, 3, 9, 4, 0, 0, 0, time.UTC))
	refused("sixteenth-edit", true)
	if got := edit(w.key(), 1010).text("updateCampaign", "__typename"); got != "UpdateCampaignSuccess" {
		t.Errorf("on the next date: %s, want it changed", got)
	}
}
