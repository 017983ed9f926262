package handwritten_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"purser/bench/handwritten"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// anyone may do everything.
var anyone = domain.Caller{Principal: "service:test", All: true}

// campaignsMore is more campaigns than a page has.
const campaignsMore = 55

// advertise adds what the demonstration does not have: an ad account with more than a page of campaigns,
// one without any, each state of delivery, an analyst, and figures that only a wide computation holds.
func (w *world) advertise() {
	w.t.Helper()
	of := w.account(`SELECT a.book_id, a.ad_account_id, a.wallet_id FROM ad_accounts a JOIN owners o ON o.owner_id = a.owner_id
		WHERE a.commodity = 'CNX' AND o.kind = 'PARTY' ORDER BY a.campaigns, a.ad_account_id LIMIT 1`)
	_, err := w.service.Purchase(w.t.Context(), anyone, wallet.Purchase{
		Key: "advertise-purchase", Wallet: wallet.Ref{Book: of.Book, ID: of.wallet}, Quantity: 500,
		Price: 7500, Currency: ledger.USD, Reference: "advertise",
	})
	w.must(err)
	for n := range campaignsMore {
		w.create(of.Ref, n)
	}
	frozen := w.account(`SELECT a.book_id, a.ad_account_id, a.wallet_id FROM ad_accounts a WHERE a.wallet_id IS NOT NULL ORDER BY a.ad_account_id DESC LIMIT 1`)
	_, err = w.service.Freeze(w.t.Context(), anyone, wallet.Freeze{
		Key: "advertise-freeze", Wallet: wallet.Ref{Book: frozen.Book, ID: frozen.wallet}, Reason: "DISPUTE",
	})
	w.must(err)
	w.employ()
	const richest = `(SELECT c.campaign_id FROM campaigns c JOIN ad_accounts a USING (book_id, ad_account_id) WHERE a.commodity = 'USD' ORDER BY c.consumed DESC, c.campaign_id LIMIT 1)`
	for _, sql := range []string{
		`UPDATE campaigns SET bid_minor = 3 WHERE campaign_id = ` + richest,
		`UPDATE ad_rollups_daily SET credits = spend_gross / 3, impressions = impressions + 20000000, spend_gross = spend_gross + 30000000 WHERE campaign_id = ` + richest,
	} {
		_, err := w.conn.Exec(w.t.Context(), sql)
		w.must(err)
	}
}

// plans are the campaigns that are not drafts: what of budget and funds was charged for, in Connects.
var plans = []struct {
	budget              campaign.BudgetType
	most, funds, charge int64
	startsIn            time.Duration
}{
	{budget: campaign.BudgetDaily, most: 10, funds: 10, charge: 15},
	{budget: campaign.BudgetLifetime, most: 10, funds: 30, charge: 12},
	{budget: campaign.BudgetDaily, most: 10, funds: 5, startsIn: 48 * time.Hour},
}

func (w *world) create(of campaign.Ref, n int) {
	w.t.Helper()
	key := func(step string) string { return fmt.Sprintf("advertise-%s-%02d", step, n) }
	in := campaign.Create{
		Key: key("create"), AdAccount: of, Name: fmt.Sprintf(`Campaign %02d a"b\c <&> é 🙂`, n), Product: campaign.ProductProfile,
		Ad: campaign.Ad{Type: campaign.EntityProfile, ID: newID()}, Schedule: campaign.Schedule{StartsAt: asked}, BidMinor: 3,
		Budget: campaign.Budget{Type: campaign.BudgetDaily, AmountMinor: 40},
	}
	if n < len(plans) {
		in.Budget, in.FundMinor = campaign.Budget{Type: plans[n].budget, AmountMinor: plans[n].most}, plans[n].funds
		in.Schedule.StartsAt = asked.Add(plans[n].startsIn)
	}
	created, err := w.campaigns.Create(w.t.Context(), anyone, in)
	w.must(err, created.Outcome.Refusal)
	if n >= len(plans) {
		return
	}
	moved, err := w.campaigns.SetStatus(w.t.Context(), anyone, campaign.SetStatus{Key: key("enable"), Campaign: created.Campaign, Status: campaign.StatusEnabled})
	w.must(err, moved.Outcome.Refusal)
	if plans[n].charge > 0 {
		charged, err := w.campaigns.Charge(w.t.Context(), anyone, campaign.Charge{
			Key: key("charge"), Campaign: created.Campaign, Batch: "a", MinuteAt: asked, Impressions: 90, Clicks: 5, Charge: plans[n].charge,
		})
		w.must(err, charged.Outcome.Refusal)
	}
}

// employ gives an agency that advertises an analyst, and another ad account, which has no campaigns.
func (w *world) employ() {
	w.t.Helper()
	of := w.account(`SELECT a.book_id, a.owner_id, a.wallet_id FROM ad_accounts a JOIN owners o ON o.owner_id = a.owner_id
		WHERE o.kind = 'ORGANISATION' ORDER BY a.ad_account_id LIMIT 1`)
	analyst := w.strings(`SELECT m.party_id::text FROM memberships m WHERE m.organisation_id = $1 AND m.role = 'AGENCY_MEMBER' ORDER BY m.party_id LIMIT 1`, of.ID)
	party, err := ledger.ParseID(analyst[0])
	w.must(err)
	_, err = w.service.SetMembership(w.t.Context(), anyone, wallet.Membership{
		Key: "advertise-analyst", Organisation: of.ID, Party: party, Role: "ADVERTISER_ANALYST", Active: true,
	})
	w.must(err)
	owner := w.strings(`SELECT jurisdiction || ' ' || time_zone FROM owners WHERE owner_id = $1`, of.ID)
	country, zone, _ := strings.Cut(owner[0], " ")
	_, err = w.campaigns.OpenAdAccount(w.t.Context(), anyone, campaign.OpenAdAccount{
		Key: "advertise-open", Owner: of.ID, OwnerKind: domain.OwnerOrganisation, Jurisdiction: country, OwnerTimeZone: zone, Name: "Empty",
		Commodity: ledger.USD, TimeZone: "America/New_York",
	})
	w.must(err)
}

// adRef is a row of account.
type adRef struct {
	campaign.Ref
	wallet ledger.ID
}

func (w *world) account(sql string) (found adRef) {
	w.t.Helper()
	w.must(w.conn.QueryRow(w.t.Context(), sql).Scan(&found.Book, &found.ID, &found.wallet))
	return found
}

// must ends the test with the first error or refusal.
func (w *world) must(errs ...error) {
	w.t.Helper()
	for _, err := range errs {
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestFullKeys(t *testing.T) {
	t.Parallel()
	page, _ := handwritten.Find("campaigns")
	for rows, want := range map[string]int{"70 50 49": 2, "49 49 3": 2, "50": 1, "7 6": 1, "": 0} {
		var keys []handwritten.Key
		for word := range strings.FieldsSeq(rows) {
			var key handwritten.Key
			if _, err := fmt.Sscan(word, &key.Rows); err != nil {
				t.Fatal(err)
			}
			keys = append(keys, key)
		}
		if got := len(page.Full(keys)); got != want {
			t.Errorf("of keys with %q rows %d are full, want %d", rows, got, want)
		}
	}
	wallets, _ := handwritten.Find("wallet")
	if got := len(wallets.Full(make([]handwritten.Key, 9))); got != 9 {
		t.Errorf("of 9 keys that do not differ %d are full", got)
	}
}
