package resolvers_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// adInputs are inputs of all mutations of advertising that would be accepted, by
// mutation, all under one key.
func adInputs(w adWorld) map[string]map[string]any {
	const key = "bad-input-of-ads"
	ad := map[string]any{"type": "JOB", "entityId": "00000000-0000-4000-8000-0000000000f1"}
	budget := map[string]any{"type": "DAILY", "amountMinor": 4000}
	schedule := map[string]any{"startsAt": "2026-03-12T00:00:00Z"}
	return map[string]map[string]any{
		"openAdAccount": {
			"idempotencyKey": key, "owner": map[string]any{"partyId": party(70).String()}, "jurisdiction": "IN", "name": "Ads", "commodity": "USD", "timeZone": "Asia/Kolkata",
		},
		"depositAdFunds": {
			"idempotencyKey": key, "adAccountId": w.names["acme"], "amount": map[string]any{"amountMinor": 100, "currency": "USD"}, "paymentReference": "bad-input",
		},
		"createCampaign": {
			"idempotencyKey": key, "adAccountId": w.names["acme"], "name": "Golf", "product": "PROMOTED_JOB", "ad": ad, "schedule": schedule, "bidMinor": 100, "budget": budget,
		},
		"updateCampaign":       {"idempotencyKey": key, "campaignId": w.names["alpha"], "version": 3, "bidMinor": 100},
		"setCampaignStatus":    {"idempotencyKey": key, "campaignId": w.names["alpha"], "status": "PAUSED"},
		"setCampaignStatuses":  {"idempotencyKey": key, "campaignIds": []string{w.names["alpha"]}, "status": "PAUSED"},
		"fundCampaign":         {"idempotencyKey": key, "campaignId": w.names["alpha"], "amountMinor": 1},
		"releaseCampaignFunds": {"idempotencyKey": key, "campaignId": w.names["alpha"], "amountMinor": 1},
		"recordClickCharges": {
			"idempotencyKey": key, "campaignId": w.names["alpha"], "batchId": "bad-input", "minuteAt": "2026-03-11T15:00:00Z", "impressions": 10, "clicks": 1, "chargeMinor": 100,
		},
	}
}

// adMutation asks for an outcome of any mutation.
func adMutation(name string) string {
	return fmt.Sprintf(`mutation($input: %sInput!) { %s(input: $input) { __typename ... on UserError { code message path retry replayed } } }`,
		strings.ToUpper(name[:1])+name[1:], name)
}

// adToken may call a mutation of advertising on the objects of acme.
func adToken(mutation string) string {
	switch mutation {
	case "openAdAccount", "depositAdFunds", "recordClickCharges":
		return adsToken
	default:
		return anaSays
	}
}

// beyond is one more than a JSON number carries.
const beyond = "9007199254740992"

// badAdInputs are changes of adInputs that could never be accepted, by mutation and
// by the path that the failure names.
var badAdInputs = map[string]map[string][]any{
	"openAdAccount": {
		"jurisdiction": {"", "India", "in", "I1", "\x00\x00"}, "timeZone": {"", "Local", "Mars/Olympus", "UTC\x00", "../UTC", strings.Repeat("z", 4000)},
		"ownerTimeZone": {"", "Mars/Olympus"}, "name": badNames, "commodity": {"EUR"},
	},
	"depositAdFunds": {
		"amount.amountMinor": {0, -1, beyond, "9223372036854775807"}, "amount.currency": {"JPY", "CNX"}, "feeMinor": {-1, 101},
		"paymentReference": {"", strings.Repeat("r", 129), "ch\x00", "zahlung-ä"},
		"effectiveAt":      {"2026-03-11T16:00:01Z", "2006-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
	},
	"createCampaign": {
		"name": badNames, "bidMinor": {0, -1, beyond}, "budget.amountMinor": {0, -1, beyond}, "fundMinor": {0, -1, beyond},
		"schedule.startsAt": {"0001-01-01T00:00:00Z"}, "schedule.endsAt": {"0001-01-01T00:00:00Z"}, "ad.entityId": {nilUUID},
	},
	"updateCampaign": {
		"version": {0, -1}, "name": badNames, "bidMinor": {0, -1, beyond}, "budget.amountMinor": {0, -1, beyond}, "ad.entityId": {nilUUID},
		"schedule.startsAt": {"0001-01-01T00:00:00Z"}, "schedule.endsAt": {"0001-01-01T00:00:00Z"},
	},
	"setCampaignStatus":    {"version": {0, -1}},
	"setCampaignStatuses":  {"campaignIds": {[]string{}, strings.Split(strings.Repeat("AQ ", 100)+"AQ", " "), []string{"AQ", "AQ"}}},
	"fundCampaign":         {"amountMinor": {0, -1, beyond}},
	"releaseCampaignFunds": {"amountMinor": {0, -1, beyond}},
	"recordClickCharges": {
		"batchId": {"", strings.Repeat("b", 129), "b\x00", "kür"}, "minuteAt": {"2026-03-11T16:00:00.000001Z", "0001-01-01T00:00:00Z"},
		"impressions": {-1, 1_000_000_000_001}, "clicks": {-1, 1_000_000_000_001}, "chargeMinor": {-1, 1_000_000_000_001, beyond},
	},
}

var (
	badNames = []any{"", " \u2003 ", strings.Repeat("n", 81), strings.Repeat("n", 10<<10), "n\x00ame", "n\tame", "n\u202eame", "\u200d\u200c"}
	badKeys  = []any{"", "7 bytes", strings.Repeat("k", 129), strings.Repeat("k", 10<<10), "schlüssel-1", "key\x00key\x00key", "key\nkey-key"}
)

const nilUUID = "00000000-0000-0000-0000-000000000000"

// changed returns an input with another value at a path.
func changed(input map[string]any, path string, value any) map[string]any {
	input = maps.Clone(input)
	name, below, nested := strings.Cut(path, ".")
	if !nested {
		input[name] = value
		return input
	}
	parent, _ := input[name].(map[string]any)
	if parent == nil { // left out so far
		parent = map[string]any{"type": "DAILY"}
		switch name {
		case "ad":
			parent = map[string]any{"type": "JOB"}
		case "schedule":
			parent = map[string]any{"startsAt": "2026-03-12T00:00:00Z"}
		}
	}
	input[name] = changed(parent, below, value)
	return input
}

// Input that could never be accepted is a specific failure, writes nothing, and
// leaves the key free for the corrected request.
func TestBadInputOfAds(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	before := w.heads(t)
	good := adInputs(w)
	for mutation, paths := range badAdInputs {
		paths = maps.Clone(paths)
		paths["idempotencyKey"] = badKeys
		for path, values := range paths {
			t.Run(mutation+"_"+path, func(t *testing.T) {
				for _, value := range values {
					a := w.do(adToken(mutation), adMutation(mutation), map[string]any{"input": changed(good[mutation], path, value)})
					if len(a.Errors) > 0 {
						t.Fatalf("%v: %s", value, a.raw)
					}
					failed, _ := objectOf(t, a.Data).at(mutation).(map[string]any)
					want := append([]any{"input"}, anyOf(strings.Split(path, "."))...)
					if diff := cmp.Diff(want, failed["path"]); diff != "" || failed["__typename"] != "ValidationFailed" || failed["retry"] != "NEVER" {
						t.Errorf("%q: %v, want ValidationFailed of %s", value, failed, path)
					}
				}
			})
		}
	}
	if diff := cmp.Diff(before, w.heads(t)); diff != "" {
		t.Errorf("bad input wrote something:\n%s", diff)
	}
	// The key that all of them sent is still free.
	order := append([]string{"updateCampaign", "setCampaignStatus"}, slices.Sorted(maps.Keys(good))...)
	for _, mutation := range order {
		w.mutate(adToken(mutation), adMutation(mutation), good[mutation])
	}
}

func anyOf(texts []string) []any {
	var values []any
	for _, text := range texts {
		values = append(values, text)
	}
	return values
}

// What a scalar or the schema refuses never reaches a resolver.
func TestBadVariablesOfAds(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	before, good := w.heads(t), adInputs(w)
	for name, c := range map[string]struct {
		mutation, path string
		value          any
		code           string
	}{
		"key_a_list":               {"fundCampaign", "idempotencyKey", []string{"bad-key-1"}, "BAD_REQUEST"},
		"id_a_boolean":             {"fundCampaign", "campaignId", true, "BAD_REQUEST"},
		"id_null":                  {"fundCampaign", "campaignId", nil, "BAD_REQUEST"},
		"ids_with_null":            {"setCampaignStatuses", "campaignIds", []any{nil}, "BAD_REQUEST"},
		"amount_a_fraction":        {"fundCampaign", "amountMinor", 1.5, "VALIDATION_FAILED"},
		"amount_beyond_64_bits":    {"fundCampaign", "amountMinor", "9223372036854775808", "VALIDATION_FAILED"},
		"amount_a_word":            {"releaseCampaignFunds", "amountMinor", "all", "VALIDATION_FAILED"},
		"bid_in_exponents":         {"createCampaign", "bidMinor", "1e3", "VALIDATION_FAILED"},
		"version_beyond_32_bits":   {"updateCampaign", "version", 1 << 40, "VALIDATION_FAILED"},
		"version_a_fraction":       {"setCampaignStatus", "version", 1.5, "BAD_REQUEST"},
		"status_unknown":           {"setCampaignStatus", "status", "RUNNING", "BAD_REQUEST"},
		"status_in_small_letters":  {"setCampaignStatuses", "status", "paused", "VALIDATION_FAILED"},
		"product_unknown":          {"createCampaign", "product", "BANNER", "BAD_REQUEST"},
		"budget_of_no_type":        {"createCampaign", "budget", map[string]any{"amountMinor": 100}, "BAD_REQUEST"},
		"entity_no_uuid":           {"createCampaign", "ad.entityId", "job-7", "VALIDATION_FAILED"},
		"start_without_zone":       {"createCampaign", "schedule.startsAt", "2026-03-12T00:00:00", "VALIDATION_FAILED"},
		"start_not_in_calendar":    {"updateCampaign", "schedule.startsAt", "2026-02-29T00:00:00Z", "VALIDATION_FAILED"},
		"minute_null":              {"recordClickCharges", "minuteAt", nil, "BAD_REQUEST"},
		"clicks_beyond_2_53":       {"recordClickCharges", "clicks", 9007199254740992, "VALIDATION_FAILED"},
		"impressions_a_fraction":   {"recordClickCharges", "impressions", 0.5, "VALIDATION_FAILED"},
		"commodity_unknown":        {"openAdAccount", "commodity", "JPY", "BAD_REQUEST"},
		"owner_no_uuid":            {"openAdAccount", "owner.partyId", "priya", "VALIDATION_FAILED"},
		"currency_not_three":       {"depositAdFunds", "amount.currency", "DOLLAR", "VALIDATION_FAILED"},
		"field_that_there_is_none": {"depositAdFunds", "tip", 5, "BAD_REQUEST"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.do(adToken(c.mutation), adMutation(c.mutation), map[string]any{"input": changed(good[c.mutation], c.path, c.value)})
			if a.code() != c.code {
				t.Errorf("answer = %s, want %s", a.raw, c.code)
			}
		})
	}
	if lines := w.log.lines("field failed"); len(lines) > 0 {
		t.Errorf("a client's mistake is in the log as ours: %s", lines)
	}
	if diff := cmp.Diff(before, w.heads(t)); diff != "" {
		t.Errorf("bad input wrote something:\n%s", diff)
	}
}

// The owner of an ad account is exactly one of two; the executor checks literals
// only, so variables reach us.
func TestOneOwnerOfAdAccount(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	id := party(71).String()
	for name, owner := range map[string]map[string]any{
		"both": {"partyId": id, "organisationId": id}, "none": {}, "null": {"partyId": nil}, "nil": {"partyId": nilUUID}, "nil_organisation": {"organisationId": nilUUID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := w.do(adsToken, adMutation("openAdAccount"), map[string]any{"input": changed(adInputs(w)["openAdAccount"], "owner", owner)})
			if !strings.Contains(a.raw, "VALIDATION_FAILED") && a.code() != "BAD_REQUEST" {
				t.Errorf("answer = %s, want the input refused", a.raw)
			}
		})
	}
}

// Chargers at once bill no more than there is, and each that is repeated says what
// it said before.
func TestChargersAtOnce(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	id := w.create(priyaSays, w.names["priyaAds"], plan{"Raced", "BOOSTED_PROFILE", "DAILY", "", 5, 40, 100})
	const mutation = `mutation($input: RecordClickChargesInput!) { recordClickCharges(input: $input) {
		... on RecordClickChargesSuccess { replayed billed { minor } servedUnbilled { minor } } } }`
	type shares struct{ billed, unbilled int }
	charge := func(n int) (s shares, replayed any) {
		a := w.do(adsToken, mutation, map[string]any{"input": map[string]any{
			"idempotencyKey": fmt.Sprintf("charger-%04d", n), "campaignId": id, "batchId": fmt.Sprint("race-", n), "minuteAt": "2026-03-11T15:59:00Z",
			"impressions": 9, "clicks": 3, "chargeMinor": 7,
		}})
		if len(a.Errors) > 0 {
			t.Error(a.raw)
			return s, nil
		}
		answer := objectOf(t, a.Data)
		if _, err := fmt.Sscan(answer.text("recordClickCharges", "billed", "minor"), &s.billed); err != nil {
			t.Error(a.raw)
		}
		if _, err := fmt.Sscan(answer.text("recordClickCharges", "servedUnbilled", "minor"), &s.unbilled); err != nil {
			t.Error(a.raw)
		}
		return s, answer.at("recordClickCharges", "replayed")
	}
	first := make([]shares, 64)
	var all sync.WaitGroup
	for n := range first {
		all.Go(func() { first[n], _ = charge(n) })
	}
	all.Wait()
	var sum shares
	for n, s := range first {
		sum = shares{sum.billed + s.billed, sum.unbilled + s.unbilled}
		if again, replayed := charge(n); again != s || replayed != true {
			t.Errorf("charge %d again = %v, replayed %v, want %v as before", n, again, replayed, s)
		}
	}
	if want := (shares{100, 64*7 - 100}); sum != want {
		t.Errorf("of 64 charges of 7 on 100 units: %v, want %v", sum, want)
	}
}
