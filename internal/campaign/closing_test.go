package campaign_test

import (
	"errors"
	"testing"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/market"
	"purser/internal/wallet"
	"purser/ledger"
)

func (w *world) closing() wallet.Close {
	return wallet.Close{Key: w.key(), Wallet: w.wallet, Reason: "account.deleted"}
}

func (w *world) closeWallet() (campaign.Result, error) {
	w.t.Helper()
	result, err := w.wallets.Close(w.t.Context(), service, w.closing())
	return campaign.Result{Outcome: result.Outcome}, err
}

// A wallet stays open for as long as a campaign may take from it or give back to it.
func TestWalletClosesAfterItsCampaigns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.purchase(100)
	funded, draft := w.create(w.connects, 60), w.create(w.connects, 0)
	w.deposit(100, 0)
	w.create(w.prepaid, 100) // is paid in money
	spent, err := w.wallets.Spend(t.Context(), w.advertiser(), wallet.Spend{
		Key: w.key(), Wallet: w.wallet, Quantity: 40, Subject: ledger.Subject{Type: wallet.SubjectProposal, ID: w.newID().String()},
	})
	w.must(spent.Outcome, err)
	refused := func(open int64) {
		t.Helper()
		result, err := w.closeWallet()
		if got, _ := w.refused(domain.ReasonCommitted, result, err).AmountOf(domain.FactOpen); got != open {
			t.Errorf("%d campaigns stand against it, want %d", got, open)
		}
	}
	refused(2)
	w.become(funded, campaign.StatusEnabled, campaign.StatusPaused)
	refused(2) // with nothing of its own, and 60 in escrow
	w.become(draft, campaign.StatusEnded, campaign.StatusArchived)
	refused(1)
	w.charge(funded, 1, 60) // the escrow is empty, and could be filled
	refused(1)
	w.become(funded, campaign.StatusEnded)
	result, err := w.closeWallet()
	w.must(result.Outcome, err)
	if got := w.charge(funded, 1, 30); got.Billed != 0 || got.Unbilled != 30 {
		t.Errorf("a late click bills %d and leaves %d, want nothing billed", got.Billed, got.Unbilled)
	}
	in := w.plan(w.connects)
	result, err = w.Create(t.Context(), w.advertiser(), in)
	w.refused(domain.ReasonWalletClosed, result, err)
	w.create(w.prepaid, 0)
}

// What ends with units in escrow leaves them in the wallet, which is then not empty.
func TestWalletIsNotClosedOverWhatComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.purchase(60)
	w.become(w.create(w.connects, 60), campaign.StatusEnded)
	result, err := w.closeWallet()
	var left *ledger.NotEmptyError
	if err != nil || !errors.As(result.Outcome.Refusal, &left) || left.Balance != 60 {
		t.Errorf("got %v, %v, want 60 units in the way", result.Outcome.Refusal, err)
	}
}

// Whichever comes first in a batch decides what the other is told (I14).
func TestWalletClosesInOneBatchWithItsCampaigns(t *testing.T) {
	t.Parallel()
	type step func(*world, *campaign.Service, *wallet.Service) error
	closing := func(w *world, _ *campaign.Service, s *wallet.Service) error {
		_, err := s.Close(w.t.Context(), service, w.closing())
		return err
	}
	creating := func(w *world, s *campaign.Service, _ *wallet.Service) error {
		_, err := s.Create(w.t.Context(), w.advertiser(), w.plan(w.connects))
		return err
	}
	for name, test := range map[string]struct {
		steps func(w *world) []step
		want  []string // reasons, "" for what is accepted
	}{
		"created_first": {func(*world) []step { return []step{creating, closing} }, []string{"", domain.ReasonCommitted}},
		"closed_first":  {func(*world) []step { return []step{closing, creating} }, []string{"", domain.ReasonWalletClosed}},
		"ended_before_and_between": {func(w *world) []step {
			ref := w.create(w.connects, 0)
			ending := func(w *world, s *campaign.Service, _ *wallet.Service) error {
				_, err := s.SetStatus(w.t.Context(), w.advertiser(), campaign.SetStatus{Key: w.key(), Campaign: ref, Status: campaign.StatusEnded})
				return err
			}
			return []step{closing, ending, closing, creating}
		}, []string{domain.ReasonCommitted, "", "", domain.ReasonWalletClosed}},
		"funded_before": {func(w *world) []step {
			w.purchase(10)
			ref := w.create(w.connects, 0)
			funding := func(w *world, s *campaign.Service, _ *wallet.Service) error {
				_, err := s.Fund(w.t.Context(), w.advertiser(), campaign.Fund{Key: w.key(), Campaign: ref, Amount: 10})
				return err
			}
			return []step{funding, closing}
		}, []string{"", domain.ReasonCommitted}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			steps := test.steps(w)
			made := &collector{}
			campaigns := campaign.NewService(campaign.Config{
				Ledger: made, Directory: w.store, Clock: w.clock.Now, NewID: w.newID, Projections: market.Projections(),
			})
			wallets := wallet.NewService(made, w.store, w.clock.Now, w.newID)
			for _, step := range steps {
				if err := step(w, campaigns, wallets); err != nil {
					t.Fatal(err)
				}
			}
			w.wantReasons(w.together(made.commands), test.want...)
		})
	}
}
