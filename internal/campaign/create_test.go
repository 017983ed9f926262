package campaign_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

func TestCreateRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	taken := w.plan(w.connects)
	taken.Name = "Autumn  Straße"
	first, err := w.Create(t.Context(), w.advertiser(), taken)
	w.must(first.Outcome, err)
	now := w.clock.Now()
	for name, test := range map[string]struct {
		account campaign.Ref
		change  func(*campaign.Create)
		reason  string
		facts   ledger.Arguments
	}{
		"name_taken_in_another_case": {
			w.connects, func(c *campaign.Create) { c.Name = " autumn STRAẞE" }, campaign.ReasonNameTaken,
			ledger.Arguments(nil).ID(campaign.FactCampaign, first.Campaign.ID),
		},
		"bid_above_the_ceiling": {
			w.connects, func(c *campaign.Create) { c.BidMinor = 101 }, campaign.ReasonBidOutOfRange,
			ledger.Arguments(nil).Amount(campaign.FactFloor, 1).Amount(campaign.FactCeiling, 100).Text(campaign.FactPolicy, "campaigns/2025-03-01"),
		},
		"bid_below_the_floor": {
			w.prepaid, func(c *campaign.Create) { c.BidMinor = 4 }, campaign.ReasonBidOutOfRange,
			ledger.Arguments(nil).Amount(campaign.FactFloor, 5).Amount(campaign.FactCeiling, 10_000).Text(campaign.FactPolicy, "campaigns/2025-03-01"),
		},
		"budget_below_the_least": {
			w.prepaid, func(c *campaign.Create) { c.Budget.AmountMinor = 99 }, campaign.ReasonBudgetBelowMin,
			ledger.Arguments(nil).Amount(campaign.FactMinimum, 100).Text(campaign.FactPolicy, "campaigns/2025-03-01"),
		},
		"start_over_a_day_ago": {
			w.connects, func(c *campaign.Create) { c.Schedule.StartsAt = now.Add(-24*time.Hour - time.Microsecond) }, campaign.ReasonInvalidSchedule,
			ledger.Arguments(nil).Time(campaign.FactStartsAt, now.Add(-24*time.Hour-time.Microsecond)).
				Text(campaign.FactField, campaign.FactStartsAt).Time(campaign.FactNotBefore, now.Add(-24*time.Hour)),
		},
		"start_in_ten_years": {
			w.connects, func(c *campaign.Create) { c.Schedule.StartsAt = now.AddDate(10, 0, 0) }, campaign.ReasonInvalidSchedule,
			ledger.Arguments(nil).Time(campaign.FactStartsAt, now.AddDate(10, 0, 0)).
				Text(campaign.FactField, campaign.FactStartsAt).Time(campaign.FactNotAfter, now.Add(5*366*24*time.Hour)),
		},
		"end_at_its_start": {
			w.connects, func(c *campaign.Create) {
				c.Schedule = campaign.Schedule{StartsAt: now.Add(time.Hour), EndsAt: now.Add(time.Hour)}
			}, campaign.ReasonInvalidSchedule,
			ledger.Arguments(nil).Time(campaign.FactStartsAt, now.Add(time.Hour)).Time(campaign.FactEndsAt, now.Add(time.Hour)).
				Text(campaign.FactField, campaign.FactEndsAt).Time(campaign.FactNotBefore, now.Add(time.Hour)),
		},
		"end_in_the_past": {
			w.connects, func(c *campaign.Create) {
				c.Schedule = campaign.Schedule{StartsAt: now.Add(-time.Hour), EndsAt: now}
			}, campaign.ReasonInvalidSchedule,
			ledger.Arguments(nil).Time(campaign.FactStartsAt, now.Add(-time.Hour)).Time(campaign.FactEndsAt, now).
				Text(campaign.FactField, campaign.FactEndsAt).Time(campaign.FactNotBefore, now),
		},
		"end_in_ten_years": {
			w.connects, func(c *campaign.Create) { c.Schedule.EndsAt = now.AddDate(10, 0, 0) }, campaign.ReasonInvalidSchedule,
			ledger.Arguments(nil).Time(campaign.FactStartsAt, now).Time(campaign.FactEndsAt, now.AddDate(10, 0, 0)).
				Text(campaign.FactField, campaign.FactEndsAt).Time(campaign.FactNotAfter, now.Add(5*366*24*time.Hour)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := w.in(t)
			in := w.plan(test.account)
			test.change(&in)
			for range 2 { // stored: a retry gets the same answer
				result, err := w.Create(t.Context(), w.advertiser(), in)
				facts := w.refused(test.reason, result, err)
				if string(facts.Encode()) != string(test.facts.Encode()) {
					t.Errorf("facts %+v, want %+v", facts, test.facts)
				}
			}
		})
	}
}

func TestCreateWithFundsIsOneJournal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.purchase(100)
	before := w.store.Snapshot(w.wallet.Book).Seq

	in := w.plan(w.connects)
	in.FundMinor = 101
	result, err := w.Create(t.Context(), w.advertiser(), in)
	if err != nil || !errors.Is(result.Outcome.Refusal, ledger.ErrInsufficientFunds) {
		t.Fatalf("got %v, %v, want insufficient funds", result.Outcome.Refusal, err)
	}
	if len(w.store.campaigns) != 0 {
		t.Fatalf("%d campaigns, want none without its funds", len(w.store.campaigns))
	}
	in.Key, in.FundMinor = w.key(), 100
	in.Schedule.StartsAt = midday.Add(999 * time.Nanosecond).In(time.FixedZone("", 3600)) // storage keeps microseconds in UTC
	result, err = w.Create(t.Context(), w.advertiser(), in)
	w.must(result.Outcome, err)
	if seq := w.store.Snapshot(w.wallet.Book).Seq; seq != before+1 || result.Outcome.Seq != seq {
		t.Errorf("journals up to %d, want one after %d", seq, before)
	}
	want := campaign.Row{
		ID: result.Outcome.Journal, AdAccount: w.connects.ID, Name: in.Name, Product: in.Product, AdType: in.Ad.Type, AdID: in.Ad.ID,
		StartsAt: midday, BidMinor: 30, Budget: in.Budget, Status: campaign.StatusDraft, Version: 1,
		BudgetEditsOn: ledger.Date{Year: 2026, Month: 11, Day: 23}, Totals: campaign.Totals{Funded: 100},
	}
	got := w.store.campaign(result.Campaign)
	want.CreatedAt, want.UpdatedAt = got.CreatedAt, got.CreatedAt
	if diff := cmp.Diff(want, got); diff != "" || got.CreatedAt.Before(midday) {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	if got := w.store.account(w.connects.ID).Campaigns; got != 1 {
		t.Errorf("the ad account counts %d campaigns, want 1", got)
	}
}

func TestAdThatTheProductDoesNotPromote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for product, promoted := range map[campaign.Product]campaign.EntityType{
		campaign.ProductProfile: campaign.EntityProfile, campaign.ProductProject: campaign.EntityProject, campaign.ProductJob: campaign.EntityJob,
	} {
		in := w.plan(w.connects)
		in.Product = product
		for _, entity := range []campaign.EntityType{campaign.EntityProfile, campaign.EntityProject, campaign.EntityJob} {
			in.Ad.Type = entity
			result, err := w.Create(t.Context(), w.advertiser(), in)
			if entity == promoted {
				w.must(result.Outcome, err) // the key is free: nothing of the refusals was stored
				break
			}
			var refused *campaign.RefusedError
			if !errors.As(err, &refused) || refused.Reason != campaign.ReasonNotPromotable || refused.Facts.TextOf(campaign.FactExpected) != string(promoted) {
				t.Errorf("%s for a %s: got %v, want it refused, expecting %s", product, entity, err, promoted)
			}
		}
	}
}

func TestCampaignLimitCountsEveryCampaignEverCreated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	row := w.store.account(w.connects.ID)
	row.Campaigns = 9_999
	w.store.setAccount(w.connects.Book, row)
	w.become(w.create(w.connects, 0), campaign.StatusEnded, campaign.StatusArchived)
	result, err := w.Create(t.Context(), w.advertiser(), w.plan(w.connects))
	facts := w.refused(campaign.ReasonCampaignLimit, result, err)
	if limit, _ := facts.AmountOf(campaign.FactLimit); limit != 10_000 {
		t.Errorf("limit %d, want 10,000", limit)
	}
}

func TestCreateReplaysOnceItsWindowIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := w.plan(w.connects)
	in.Schedule.EndsAt = midday.Add(time.Minute)
	first, err := w.Create(t.Context(), w.advertiser(), in)
	w.must(first.Outcome, err)
	w.clock.Advance(48 * time.Hour)
	again, err := w.Create(t.Context(), w.advertiser(), in)
	w.must(again.Outcome, err)
	if !again.Outcome.Replayed || again.Campaign != first.Campaign {
		t.Errorf("got %+v, want the campaign of the first time", again)
	}
}

func TestOpenAdAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger := ledger.ID{0: 8, 15: 1}
	open := func(w *world, change func(*campaign.OpenAdAccount)) (campaign.Result, error) {
		in := campaign.OpenAdAccount{
			Key: w.key(), Owner: w.party, OwnerKind: domain.OwnerParty, Jurisdiction: "US", Name: "Another", Commodity: ledger.CNX,
			Wallet: campaign.Ref{Book: w.wallet.Book, ID: w.wallet.ID}, TimeZone: newYork,
		}
		change(&in)
		return w.OpenAdAccount(w.t.Context(), service, in)
	}
	t.Run("a_client_owns_nothing_before", func(t *testing.T) {
		t.Parallel()
		w := w.in(t)
		result, err := open(w, func(in *campaign.OpenAdAccount) {
			in.Owner, in.OwnerKind, in.Commodity, in.Wallet = stranger, domain.OwnerOrganisation, ledger.USD, campaign.Ref{}
			in.OwnerTimeZone, in.TimeZone = "Asia/Kathmandu", "Asia/Tokyo"
		})
		w.must(result.Outcome, err)
		owner, err := w.store.Owner(t.Context(), stranger)
		if err != nil || owner.Book != domain.AssignBook(stranger) || owner.Kind != domain.OwnerOrganisation || owner.TimeZone != "Asia/Kathmandu" {
			t.Errorf("owner %+v, %v, want it recorded", owner, err)
		}
		row := w.store.account(result.AdAccount.ID)
		if row.TimeZone != "Asia/Tokyo" || !row.Wallet.IsZero() || row.Owner != stranger || row.OpenedAt.Before(midday) {
			t.Errorf("opened %+v", row)
		}
	})
	t.Run("owner_on_record_with_other_facts", func(t *testing.T) {
		t.Parallel()
		w := w.in(t)
		result, err := open(w, func(in *campaign.OpenAdAccount) { in.Jurisdiction = "IN" })
		facts := w.refused(domain.ReasonOwnerDiffers, result, err)
		if facts.TextOf("jurisdiction") != "US" {
			t.Errorf("facts %v, want those on record", facts)
		}
	})
	t.Run("wallet_of_another_owner", func(t *testing.T) {
		t.Parallel()
		w := w.in(t)
		_, err := open(w, func(in *campaign.OpenAdAccount) {
			for in.Owner = (ledger.ID{0: 7}); domain.AssignBook(in.Owner) != w.wallet.Book; in.Owner[15]++ { // their book is no way to tell
			}
		})
		var invalid *domain.ValidationError
		if !errors.As(err, &invalid) || invalid.Field != "walletId" {
			t.Errorf("got %v, want walletId refused", err)
		}
	})
	t.Run("wallet_that_does_not_exist", func(t *testing.T) {
		t.Parallel()
		w := w.in(t)
		_, err := open(w, func(in *campaign.OpenAdAccount) { in.Wallet.ID = ledger.ID{1, 2, 3} })
		if !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
	t.Run("an_owner_may_have_several", func(t *testing.T) {
		t.Parallel()
		w := w.in(t)
		result, err := open(w, func(*campaign.OpenAdAccount) {})
		w.must(result.Outcome, err)
		if result.AdAccount == w.connects {
			t.Error("got the first account again")
		}
	})
}

func TestDeposit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := campaign.Deposit{Key: w.key(), AdAccount: w.prepaid, Amount: 5000, Fee: 175, Currency: ledger.USD, Reference: "pay_1"}
	first, err := w.Deposit(t.Context(), service, in)
	w.must(first.Outcome, err)

	in.Key = w.key()
	again, err := w.Deposit(t.Context(), service, in)
	var done *ledger.AlreadyDoneError
	if err != nil || !errors.As(again.Outcome.Refusal, &done) || done.Journal != first.Outcome.Journal {
		t.Errorf("got %v, %v, want it recorded once", again.Outcome.Refusal, err)
	}
	for name, change := range map[string]func(*campaign.Deposit){
		"account_in_connects": func(d *campaign.Deposit) { d.AdAccount = w.connects },
		"another_currency":    func(d *campaign.Deposit) { d.Currency = ledger.EUR },
	} {
		wrong := in
		wrong.Reference = "pay_2"
		change(&wrong)
		var refused *campaign.RefusedError
		if _, err := w.Deposit(t.Context(), service, wrong); !errors.As(err, &refused) || refused.Reason != campaign.ReasonWrongCommodity {
			t.Errorf("%s: got %v, want WRONG_COMMODITY", name, err)
		}
	}
	w.wantTrial("one deposit", map[string]int64{"1010 USD": -4825, "5000 USD": -175, "2010:* USD": 5000})
}
