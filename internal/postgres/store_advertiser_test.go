package postgres_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/market"
	"purser/internal/postgres"
	"purser/internal/wallet"
	"purser/ledger"
)

// advertisers act through one ledger and one set of connections, as one process
// does, on the real clock.
type advertisers struct {
	t         *testing.T
	wallets   *wallet.Service
	campaigns *campaign.Service
}

func newAdvertisers(t *testing.T, db *postgres.DB, l *ledger.Ledger) *advertisers {
	t.Helper()
	reader := db.NewReader(time.Now)
	return &advertisers{
		t: t, wallets: wallet.NewService(l, reader, time.Now, newID),
		campaigns: campaign.NewService(campaign.Config{Ledger: l, Directory: reader, Clock: time.Now, NewID: newID, Projections: market.Projections()}),
	}
}

// connects opens an ad account in Connects for a party with a wallet of as many,
// bought for three times as many cents.
func (a *advertisers) connects(zone string, units int64) campaign.Ref {
	a.t.Helper()
	owner := newID()
	opened, err := a.wallets.Open(a.t.Context(), service, wallet.Open{
		Key: "open-" + owner.String(), Owner: owner, OwnerKind: domain.OwnerParty, Kind: wallet.KindFreelancer, Jurisdiction: "NP", TimeZone: zone,
	})
	a.accepted(opened.Outcome, err)
	bought, err := a.wallets.Purchase(a.t.Context(), service, wallet.Purchase{
		Key: "buy-" + owner.String(), Wallet: opened.Wallet, Quantity: units, Price: 3 * units, Currency: ledger.USD, Reference: uuid.NewString(),
	})
	a.accepted(bought.Outcome, err)
	return a.open(campaign.OpenAdAccount{
		Owner: owner, OwnerKind: domain.OwnerParty, Commodity: ledger.CNX, Jurisdiction: "NP", TimeZone: zone,
		Wallet: campaign.Ref{Book: opened.Wallet.Book, ID: opened.Wallet.ID},
	})
}

// money opens an ad account in dollars for an organisation that has nothing else,
// with so many cents in it.
func (a *advertisers) money(zone string, cents int64) campaign.Ref {
	a.t.Helper()
	account := a.open(campaign.OpenAdAccount{Owner: newID(), OwnerKind: domain.OwnerOrganisation, Commodity: ledger.USD, Jurisdiction: "DE", TimeZone: zone})
	deposited, err := a.campaigns.Deposit(a.t.Context(), service, campaign.Deposit{
		Key: uuid.NewString(), AdAccount: account, Amount: cents, Fee: 1, Currency: ledger.USD, Reference: uuid.NewString(),
	})
	a.accepted(deposited.Outcome, err)
	return account
}

func (a *advertisers) open(in campaign.OpenAdAccount) campaign.Ref {
	a.t.Helper()
	in.Key, in.Name = uuid.NewString(), "Ads"
	result, err := a.campaigns.OpenAdAccount(a.t.Context(), service, in)
	a.accepted(result.Outcome, err)
	return result.AdAccount
}

func adFor(account campaign.Ref, name string) campaign.Create {
	return campaign.Create{
		Key: uuid.NewString(), AdAccount: account, Name: name, Product: campaign.ProductJob, Ad: campaign.Ad{Type: campaign.EntityJob, ID: newID()},
		Schedule: campaign.Schedule{StartsAt: time.Now()}, BidMinor: 10, Budget: campaign.Budget{Type: campaign.BudgetDaily, AmountMinor: 1_000},
	}
}

// create makes a campaign, funded in the same commit.
func (a *advertisers) create(account campaign.Ref, name string, fund int64) campaign.Ref {
	a.t.Helper()
	in := adFor(account, name)
	in.FundMinor = fund
	result, err := a.campaigns.Create(a.t.Context(), service, in)
	a.accepted(result.Outcome, err)
	return result.Campaign
}

// charge reports a click for each unit charged, in a minute that ended ago.
func (a *advertisers) charge(of campaign.Ref, units int64, ago time.Duration) {
	a.t.Helper()
	result, err := a.campaigns.Charge(a.t.Context(), service, clicksOf(of, units, ago))
	a.accepted(result.Outcome, err)
}

func clicksOf(of campaign.Ref, units int64, ago time.Duration) campaign.Charge {
	batch := uuid.NewString()
	return campaign.Charge{
		Key: batch, Campaign: of, Batch: batch, MinuteAt: time.Now().Add(-ago), Impressions: 40 * units, Clicks: units, Charge: units,
	}
}

func (a *advertisers) accepted(outcome ledger.Outcome, err error) {
	a.t.Helper()
	if err != nil || outcome.Refusal != nil {
		a.t.Fatalf("got refusal %v, error %v; want it accepted", outcome.Refusal, err)
	}
}

// advertise does a little of everything that can be done to ad accounts and
// campaigns: one in Connects that has run dry, one that has ended, one in dollars.
func (a *advertisers) advertise() {
	a.t.Helper()
	ctx := a.t.Context()
	connects := a.connects("Asia/Kathmandu", 200)
	dry, ended := a.create(connects, "Spring", 30), a.create(connects, "Autumn", 0)
	a.charge(dry, 12, time.Minute)
	a.charge(dry, 25, 40*time.Minute)
	a.charge(dry, 5, 26*time.Hour)
	result, err := a.campaigns.Fund(ctx, service, campaign.Fund{Key: uuid.NewString(), Campaign: ended, Amount: 90})
	a.accepted(result.Outcome, err)
	for i, status := range []campaign.Status{campaign.StatusEnabled, campaign.StatusPaused, campaign.StatusEnded} {
		a.charge(ended, 7, time.Duration(i)*20*time.Hour)
		result, err = a.campaigns.SetStatus(ctx, service, campaign.SetStatus{Key: uuid.NewString(), Campaign: ended, Status: status})
		a.accepted(result.Outcome, err)
	}
	dollars := a.create(a.money("America/New_York", 90_000), "Büro", 40_000)
	a.charge(dollars, 1_500, 3*time.Hour)
	result, err = a.campaigns.Release(ctx, service, campaign.Release{Key: uuid.NewString(), Campaign: dollars, Amount: 10_000})
	a.accepted(result.Outcome, err)
	name, bid := "Office", int64(11)
	result, err = a.campaigns.Update(ctx, service, campaign.Update{Key: uuid.NewString(), Campaign: dollars, Version: 1, Name: &name, BidMinor: &bid})
	a.accepted(result.Outcome, err)
}
