package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/market"
	"purser/internal/wallet"
	"purser/ledger"
)

// emptyWallet opens an ad account in Connects for a party with a wallet without any.
func (a *advertisers) emptyWallet() (wallet.Ref, campaign.OpenAdAccount) {
	a.t.Helper()
	owner := newID()
	opened, err := a.wallets.Open(a.t.Context(), service, wallet.Open{
		Key: uuid.NewString(), Owner: owner, OwnerKind: domain.OwnerParty, Kind: wallet.KindFreelancer, Jurisdiction: "NP", TimeZone: "UTC",
	})
	a.accepted(opened.Outcome, err)
	return opened.Wallet, campaign.OpenAdAccount{
		Owner: owner, OwnerKind: domain.OwnerParty, Commodity: ledger.CNX, Jurisdiction: "NP", TimeZone: "UTC",
		Wallet: campaign.Ref{Book: opened.Wallet.Book, ID: opened.Wallet.ID},
	}
}

func (a *advertisers) closeWallet(ref wallet.Ref) ledger.Outcome {
	a.t.Helper()
	result, err := a.wallets.Close(a.t.Context(), service, wallet.Close{Key: uuid.NewString(), Wallet: ref, Reason: "account.deleted"})
	if err != nil {
		a.t.Error(err)
	}
	return result.Outcome
}

func newMarketplace(t *testing.T) *advertisers {
	t.Helper()
	w := newWorld(t)
	rules := market.Rules()
	l := ledger.New(ledger.Config{Rules: rules, Store: w.db.NewStore(rules), Clock: time.Now})
	t.Cleanup(func() {
		if err := l.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close the ledger: %v", err)
		}
	})
	return newAdvertisers(t, w.db, l)
}

// The campaigns of all ad accounts that a wallet pays for count, and no others.
func TestCampaignsStandAgainstClosing(t *testing.T) {
	t.Parallel()
	a := newMarketplace(t)
	ref, in := a.emptyWallet()
	first, second := a.open(in), a.open(in)
	others, theirs := a.emptyWallet()
	a.create(a.open(theirs), "Other", 0)
	dollars := in
	dollars.Commodity, dollars.Wallet = ledger.USD, campaign.Ref{}
	a.create(a.open(dollars), "Dollars", 0)
	for i, c := range []campaign.Ref{a.create(first, "One", 0), a.create(first, "Two", 0), a.create(second, "Three", 0)} {
		var failed *ledger.GuardFailedError
		refusal := a.closeWallet(ref).Refusal
		if !errors.As(refusal, &failed) || failed.Reason != domain.ReasonCommitted {
			t.Fatalf("refusal %v, want %s", refusal, domain.ReasonCommitted)
		}
		if open, _ := failed.Detail.AmountOf(domain.FactOpen); open != int64(3-i) {
			t.Errorf("%d campaigns stand against it, want %d", open, 3-i)
		}
		result, err := a.campaigns.SetStatus(t.Context(), service, campaign.SetStatus{Key: uuid.NewString(), Campaign: c, Status: campaign.StatusEnded})
		a.accepted(result.Outcome, err)
	}
	a.accepted(a.closeWallet(ref), nil)
	result, err := a.campaigns.Create(t.Context(), service, adFor(first, "Four"))
	var failed *ledger.GuardFailedError
	if err != nil || !errors.As(result.Outcome.Refusal, &failed) || failed.Reason != domain.ReasonWalletClosed {
		t.Errorf("a campaign of a closed wallet got %v, %v, want %s", result.Outcome.Refusal, err, domain.ReasonWalletClosed)
	}
	if refusal := a.closeWallet(others).Refusal; !errors.Is(refusal, ledger.ErrGuardFailed) {
		t.Errorf("refusal %v, want the other wallet's campaign in the way", refusal)
	}
}

// A campaign is created while its wallet is closed: one of the two is refused, whoever
// comes first.
func TestClosingMeetsACampaign(t *testing.T) {
	t.Parallel()
	a := newMarketplace(t)
	for range 20 {
		ref, in := a.emptyWallet()
		account := a.open(in)
		var closed, created ledger.Outcome
		var both sync.WaitGroup
		both.Go(func() { closed = a.closeWallet(ref) })
		both.Go(func() {
			result, err := a.campaigns.Create(t.Context(), service, adFor(account, "Ad"))
			if err != nil {
				t.Error(err)
			}
			created = result.Outcome
		})
		both.Wait()
		var failed *ledger.GuardFailedError
		switch {
		case closed.Refusal == nil && errors.As(created.Refusal, &failed) && failed.Reason == domain.ReasonWalletClosed:
		case created.Refusal == nil && errors.As(closed.Refusal, &failed) && failed.Reason == domain.ReasonCommitted:
		default:
			t.Errorf("closing got %v, and the campaign %v, want one of them refused for the other", closed.Refusal, created.Refusal)
		}
	}
}
