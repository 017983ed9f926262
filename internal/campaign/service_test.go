package campaign_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// desk is a service that collects commands, on a world where nothing happens.
type desk struct {
	*campaign.Service
	*world
	posted *collector
	ref    campaign.Ref // a campaign in CNX
}

func newDesk(t *testing.T) desk {
	t.Helper()
	w, posted := newWorld(t), &collector{}
	return desk{
		Service: campaign.NewService(campaign.Config{Ledger: posted, Directory: w.store, Clock: w.clock.Now, NewID: w.newID}),
		world:   w, posted: posted, ref: w.create(w.connects, 0),
	}
}

func (d desk) openAdAccount(change func(*campaign.OpenAdAccount)) error {
	in := campaign.OpenAdAccount{
		Key: d.key(), Owner: d.party, OwnerKind: domain.OwnerParty, Jurisdiction: "US", Name: "Ads", Commodity: ledger.CNX,
		Wallet: campaign.Ref{Book: d.wallet.Book, ID: d.wallet.ID}, TimeZone: newYork,
	}
	change(&in)
	_, err := d.OpenAdAccount(d.t.Context(), service, in)
	return err
}

func (d desk) deposit(change func(*campaign.Deposit)) error {
	in := campaign.Deposit{Key: d.key(), AdAccount: d.prepaid, Amount: 100, Fee: 3, Currency: ledger.USD, Reference: "pay"}
	change(&in)
	_, err := d.Deposit(d.t.Context(), service, in)
	return err
}

func (d desk) create(change func(*campaign.Create)) error {
	in := d.plan(d.connects)
	change(&in)
	_, err := d.Create(d.t.Context(), d.advertiser(), in)
	return err
}

func (d desk) update(change func(*campaign.Update)) error {
	in := campaign.Update{Key: d.key(), Campaign: d.ref, Version: 1, Budget: daily(1001)}
	change(&in)
	_, err := d.Update(d.t.Context(), d.advertiser(), in)
	return err
}

func (d desk) setStatus(change func(*campaign.SetStatus)) error {
	in := campaign.SetStatus{Key: d.key(), Campaign: d.ref, Status: campaign.StatusEnded}
	change(&in)
	_, err := d.SetStatus(d.t.Context(), d.advertiser(), in)
	return err
}

func (d desk) setStatuses(change func(*campaign.SetStatuses)) error {
	in := campaign.SetStatuses{Key: d.key(), Campaigns: []campaign.Ref{d.ref}, Status: campaign.StatusEnded}
	change(&in)
	_, err := d.SetStatuses(d.t.Context(), d.advertiser(), in)
	return err
}

func (d desk) fund(change func(*campaign.Fund)) error {
	in := campaign.Fund{Key: d.key(), Campaign: d.ref, Amount: 1}
	change(&in)
	_, err := d.Fund(d.t.Context(), d.advertiser(), in)
	return err
}

func (d desk) release(change func(*campaign.Release)) error {
	in := campaign.Release{Key: d.key(), Campaign: d.ref}
	change(&in)
	_, err := d.Release(d.t.Context(), d.advertiser(), in)
	return err
}

func (d desk) charge(change func(*campaign.Charge)) error {
	in := campaign.Charge{Key: d.key(), Campaign: d.ref, Batch: "b", MinuteAt: midday, Impressions: 10, Clicks: 2, Charge: 6}
	change(&in)
	_, err := d.Charge(d.t.Context(), service, in)
	return err
}

func TestServiceRefusesRequestsThatCouldNeverBeAccepted(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	long := strings.Repeat("x", 10<<10)
	for name, test := range map[string]struct {
		field string
		err   error
	}{
		"open_without_an_owner":        {"owner", d.openAdAccount(func(in *campaign.OpenAdAccount) { in.Owner = ledger.NilID })},
		"open_for_a_pet":               {"owner", d.openAdAccount(func(in *campaign.OpenAdAccount) { in.OwnerKind = "PET" })},
		"open_in_euro":                 {"commodity", d.openAdAccount(func(in *campaign.OpenAdAccount) { in.Commodity = ledger.EUR })},
		"open_in_connects_no_wallet":   {"walletId", d.openAdAccount(func(in *campaign.OpenAdAccount) { in.Wallet = campaign.Ref{} })},
		"open_in_money_with_a_wallet":  {"walletId", d.openAdAccount(func(in *campaign.OpenAdAccount) { in.Commodity = ledger.USD })},
		"open_in_a_land_in_lower_case": {"jurisdiction", d.openAdAccount(func(in *campaign.OpenAdAccount) { in.Jurisdiction = "us" })},
		"open_without_a_name":          {"name", d.openAdAccount(func(in *campaign.OpenAdAccount) { in.Name = " " })},
		"open_in_no_zone":              {"timeZone", d.openAdAccount(func(in *campaign.OpenAdAccount) { in.TimeZone = "Mars/Olympus" })},
		"open_for_an_owner_in_no_zone": {"ownerTimeZone", d.openAdAccount(func(in *campaign.OpenAdAccount) { in.OwnerTimeZone = "Local" })},
		"open_with_a_short_key":        {"idempotencyKey", d.openAdAccount(func(in *campaign.OpenAdAccount) { in.Key = "1234567" })},

		"deposit_of_nothing":            {"amount.amountMinor", d.deposit(func(in *campaign.Deposit) { in.Amount, in.Fee = 0, 0 })},
		"deposit_in_connects":           {"amount.currency", d.deposit(func(in *campaign.Deposit) { in.Currency = ledger.CNX })},
		"deposit_with_a_negative_fee":   {"feeMinor", d.deposit(func(in *campaign.Deposit) { in.Fee = -1 })},
		"deposit_of_less_than_its_fee":  {"feeMinor", d.deposit(func(in *campaign.Deposit) { in.Fee = 101 })},
		"deposit_without_a_reference":   {"paymentReference", d.deposit(func(in *campaign.Deposit) { in.Reference = "" })},
		"deposit_with_a_long_reference": {"paymentReference", d.deposit(func(in *campaign.Deposit) { in.Reference = long })},
		"deposit_in_the_future":         {"effectiveAt", d.deposit(func(in *campaign.Deposit) { in.EffectiveAt = midday.Add(time.Second) })},

		"create_without_a_name":        {"name", d.create(func(in *campaign.Create) { in.Name = "" })},
		"create_named_by_joiners":      {"name", d.create(func(in *campaign.Create) { in.Name = "\u200d\u200c" })},
		"create_with_81_characters":    {"name", d.create(func(in *campaign.Create) { in.Name = strings.Repeat("ü", 81) })},
		"create_with_a_line_break":     {"name", d.create(func(in *campaign.Create) { in.Name = "a\nb" })},
		"create_with_an_override":      {"name", d.create(func(in *campaign.Create) { in.Name = "a\u202eb" })},
		"create_with_broken_utf_8":     {"name", d.create(func(in *campaign.Create) { in.Name = "a\xffb" })},
		"create_of_no_product":         {"product", d.create(func(in *campaign.Create) { in.Product = "BANNER" })},
		"create_for_a_party":           {"ad.type", d.create(func(in *campaign.Create) { in.Ad.Type = "PARTY" })},
		"create_for_nothing":           {"ad.entityId", d.create(func(in *campaign.Create) { in.Ad.ID = ledger.NilID })},
		"create_without_a_start":       {"schedule.startsAt", d.create(func(in *campaign.Create) { in.Schedule.StartsAt = time.Time{} })},
		"create_with_a_bid_of_nothing": {"bidMinor", d.create(func(in *campaign.Create) { in.BidMinor = 0 })},
		"create_with_a_weekly_budget":  {"budget.type", d.create(func(in *campaign.Create) { in.Budget.Type = "WEEKLY" })},
		"create_with_a_negative_budget": {
			"budget.amountMinor", d.create(func(in *campaign.Create) { in.Budget.AmountMinor = -1 }),
		},
		"create_with_a_budget_beyond_json": {
			"budget.amountMinor", d.create(func(in *campaign.Create) { in.Budget.AmountMinor = 1 << 53 }),
		},
		"create_with_negative_funds": {"fundMinor", d.create(func(in *campaign.Create) { in.FundMinor = -1 })},
		"create_with_a_long_key":     {"idempotencyKey", d.create(func(in *campaign.Create) { in.Key = long })},

		"update_of_no_version": {"version", d.update(func(in *campaign.Update) { in.Version = 0 })},
		"update_of_nothing":    {"campaignId", d.update(func(in *campaign.Update) { in.Budget = nil })},
		"update_to_no_name":    {"name", d.update(func(in *campaign.Update) { in.Name = new(string) })},
		"update_to_no_ad":      {"ad.type", d.update(func(in *campaign.Update) { in.Ad = &campaign.Ad{} })},
		"update_to_no_window":  {"schedule.startsAt", d.update(func(in *campaign.Update) { in.Schedule = &campaign.Schedule{} })},
		"update_to_no_bid":     {"bidMinor", d.update(func(in *campaign.Update) { in.BidMinor = new(int64) })},
		"update_to_no_budget":  {"budget.amountMinor", d.update(func(in *campaign.Update) { in.Budget = daily(0) })},
		"update_without_a_key": {"idempotencyKey", d.update(func(in *campaign.Update) { in.Key = "" })},

		"status_that_does_not_exist": {"status", d.setStatus(func(in *campaign.SetStatus) { in.Status = "REMOVED" })},
		"status_at_a_negative":       {"version", d.setStatus(func(in *campaign.SetStatus) { in.Version = -1 })},
		"statuses_of_none":           {"campaignIds", d.setStatuses(func(in *campaign.SetStatuses) { in.Campaigns = nil })},
		"statuses_of_101": {"campaignIds", d.setStatuses(func(in *campaign.SetStatuses) {
			in.Campaigns = make([]campaign.Ref, 101)
		})},
		"statuses_of_one_twice": {"campaignIds", d.setStatuses(func(in *campaign.SetStatuses) { in.Campaigns = []campaign.Ref{d.ref, d.ref} })},
		"statuses_with_92":      {"idempotencyKey", d.setStatuses(func(in *campaign.SetStatuses) { in.Key = long[:92] })},
		"statuses_to_none":      {"status", d.setStatuses(func(in *campaign.SetStatuses) { in.Status = "" })},

		"fund_of_nothing":     {"amountMinor", d.fund(func(in *campaign.Fund) { in.Amount = 0 })},
		"fund_beyond_json":    {"amountMinor", d.fund(func(in *campaign.Fund) { in.Amount = 1 << 53 })},
		"release_of_less":     {"amountMinor", d.release(func(in *campaign.Release) { in.Amount = -1 })},
		"release_without_key": {"idempotencyKey", d.release(func(in *campaign.Release) { in.Key = "" })},

		"charge_in_the_future":        {"minuteAt", d.charge(func(in *campaign.Charge) { in.MinuteAt = midday.Add(time.Second) })},
		"charge_of_no_minute":         {"minuteAt", d.charge(func(in *campaign.Charge) { in.MinuteAt = time.Time{} })},
		"charge_without_clicks":       {"chargeMinor", d.charge(func(in *campaign.Charge) { in.Clicks = 0 })},
		"charge_of_less_than_nothing": {"chargeMinor", d.charge(func(in *campaign.Charge) { in.Charge = -1 })},
		"charge_of_too_much":          {"chargeMinor", d.charge(func(in *campaign.Charge) { in.Charge = 1_000_000_000_001 })},
		"charge_for_negative_clicks":  {"clicks", d.charge(func(in *campaign.Charge) { in.Clicks = -1 })},
		"charge_for_negative_shows":   {"impressions", d.charge(func(in *campaign.Charge) { in.Impressions = -1 })},
		"charge_for_nothing":          {"impressions", d.charge(func(in *campaign.Charge) { in.Impressions, in.Clicks, in.Charge = 0, 0, 0 })},
		"charge_of_no_batch":          {"batchId", d.charge(func(in *campaign.Charge) { in.Batch = "" })},
		"charge_of_a_long_batch":      {"batchId", d.charge(func(in *campaign.Charge) { in.Batch = long })},
		"charge_of_a_batch_in_utf_8":  {"batchId", d.charge(func(in *campaign.Charge) { in.Batch = "ü" })},
	} {
		var refused *domain.ValidationError
		if !errors.As(test.err, &refused) || refused.Field != test.field {
			t.Errorf("%s: got %v, want a ValidationError of %s", name, test.err, test.field)
		}
	}
	if len(d.posted.commands) > 0 {
		t.Errorf("posted %d commands, want none", len(d.posted.commands))
	}
}

func TestServiceFindsNothingForOthers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	unknown := campaign.Ref{Book: d.ref.Book, ID: ledger.ID{1, 2, 3}}
	wrongBook := campaign.Ref{Book: d.ref.Book + 1, ID: d.ref.ID}
	stranger := domain.Caller{Principal: "party:other", Party: ledger.ID{4}, OwnAdAccounts: true}
	analyst := domain.Caller{Principal: "party:analyst", Party: ledger.ID{5}, Memberships: []string{"ADVERTISER_ANALYST"}}
	withoutClaim := d.advertiser()
	withoutClaim.OwnAdAccounts = false
	for name, test := range map[string]struct {
		caller domain.Caller
		ref    campaign.Ref
	}{
		"unknown": {d.advertiser(), unknown}, "wrong_book": {d.advertiser(), wrongBook}, "foreign": {stranger, d.ref},
		"only_as_an_analyst": {analyst, d.ref}, "owner_without_the_role": {withoutClaim, d.ref},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			account := d.connects
			if test.ref != d.ref {
				account = test.ref
			}
			plan, deposit := d.plan(account), campaign.Deposit{Key: d.key(), AdAccount: account, Amount: 1, Currency: ledger.USD, Reference: "r"}
			_, created := d.Create(t.Context(), test.caller, plan)
			_, deposited := d.Deposit(t.Context(), test.caller, deposit)
			_, updated := d.Update(t.Context(), test.caller, campaign.Update{Key: d.key(), Campaign: test.ref, Version: 1, Budget: daily(1001)})
			_, moved := d.SetStatus(t.Context(), test.caller, campaign.SetStatus{Key: d.key(), Campaign: test.ref, Status: campaign.StatusEnded})
			all, err := d.SetStatuses(t.Context(), test.caller, campaign.SetStatuses{Key: d.key(), Campaigns: []campaign.Ref{test.ref}, Status: campaign.StatusEnded})
			if err != nil {
				t.Fatal(err)
			}
			_, funded := d.Fund(t.Context(), test.caller, campaign.Fund{Key: d.key(), Campaign: test.ref, Amount: 1})
			_, released := d.Release(t.Context(), test.caller, campaign.Release{Key: d.key(), Campaign: test.ref})
			_, charged := d.Charge(t.Context(), test.caller, campaign.Charge{Key: d.key(), Campaign: test.ref, Batch: "b", MinuteAt: midday, Impressions: 1})
			for what, err := range map[string]error{
				"create": created, "deposit": deposited, "update": updated, "status": moved, "statuses": all[0].Err,
				"fund": funded, "release": released, "charge": charged,
			} {
				if !errors.Is(err, domain.ErrNotFound) {
					t.Errorf("%s: got %v, want ErrNotFound", what, err)
				}
			}
		})
	}
	t.Cleanup(func() {
		if len(d.posted.commands) > 0 {
			t.Errorf("posted %d commands, want none", len(d.posted.commands))
		}
	})
}
