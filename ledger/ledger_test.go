package ledger_test

import (
	"testing"

	"go.uber.org/goleak"

	"purser/internal/campaign"
	"purser/internal/market"
	"purser/internal/wallet"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// TestMain fails the package when a writer outlives its ledger.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// harness is the in-memory store, wide or narrow.
func harness(narrow bool) ledgertest.Harness {
	return ledgertest.Harness{
		Rules: market.Rules(),
		Open: func(testing.TB) (ledger.Store, ledger.BookID, func() ledgertest.Snapshot) {
			const book ledger.BookID = 7
			memory := &ledgertest.Memory{Narrow: narrow}
			return memory, book, func() ledgertest.Snapshot { return memory.Snapshot(book) }
		},
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	for name, narrow := range map[string]bool{"wide": false, "narrow": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ledgertest.Suite(t, harness(narrow))
		})
	}
}

// TestModel compares the wide memory, whose state is advanced from batch to
// batch, with the narrow one, which reads the rows again: what a delta does to a
// state is what its writes do to rows, and Needs names enough.
func TestModel(t *testing.T) {
	t.Parallel()
	ledgertest.Model(t, harness(true))
}

// TestNames pins the names that ledgertest declares for itself, because it may
// not import the domain packages, to theirs.
func TestNames(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		ledgertest.TemplateOpenWallet: wallet.TemplateOpenWallet, ledgertest.TemplateGrant: wallet.TemplateGrant,
		ledgertest.TemplatePurchase: wallet.TemplatePurchase, ledgertest.TemplateSpend: wallet.TemplateSpend,
		ledgertest.TemplateReverse: wallet.TemplateReverse, ledgertest.TemplateFreeze: wallet.TemplateFreeze,
		ledgertest.TemplateUnfreeze: wallet.TemplateUnfreeze, ledgertest.TemplateFact: wallet.TemplateSetMembership,
		ledgertest.ArgWallet: wallet.ArgWallet, ledgertest.ArgQuantity: wallet.ArgQuantity, ledgertest.ArgOrigin: wallet.ArgOrigin,
		ledgertest.ArgType: wallet.ArgType, ledgertest.ArgExpiresAt: wallet.ArgExpiresAt, ledgertest.ArgPriority: wallet.ArgPriority,
		ledgertest.ArgMoney: wallet.ArgMoney, ledgertest.ArgPrice: wallet.ArgPrice, ledgertest.ArgFee: wallet.ArgFee,
		ledgertest.ArgJurisdiction: wallet.ArgJurisdiction, ledgertest.ArgProduct: wallet.ArgProduct, ledgertest.ArgJournal: wallet.ArgJournal,
		ledgertest.TypeGrant: wallet.TypePromoGrant, ledgertest.TypeReturn: wallet.TypeReturnJobClosed,
		ledgertest.TypeReversal: wallet.TypeReversal, ledgertest.Product: wallet.TypeProposal, ledgertest.ClassAvailable: wallet.ClassAvailable,
		ledgertest.TemplateOpenCampaign: campaign.TemplateOpenCampaign, ledgertest.TemplateFund: campaign.TemplateFund,
		ledgertest.TemplateRelease: campaign.TemplateRelease, ledgertest.TemplateCharge: campaign.TemplateCharge,
		ledgertest.TemplateOpenPrepaid: campaign.TemplateOpenPrepaid, ledgertest.TemplateDeposit: campaign.TemplateDeposit,
		ledgertest.TemplateOpenPrepaidCampaign: campaign.TemplateOpenPrepaidOne, ledgertest.TemplateFundMoney: campaign.TemplateFundMoney,
		ledgertest.TemplateReleaseMoney: campaign.TemplateReleaseMoney, ledgertest.TemplateChargeMoney: campaign.TemplateChargeMoney,
		ledgertest.ArgCampaign: campaign.ArgCampaign, ledgertest.ArgAdAccount: campaign.ArgAdAccount,
		ledgertest.ArgAmount: campaign.ArgAmount, ledgertest.ArgCharge: campaign.ArgCharge,
		ledgertest.ClassEscrow: campaign.ClassEscrow, ledgertest.ClassPrepaid: campaign.ClassPrepaid,
		ledgertest.ClassPrepaidEscrow: campaign.ClassPrepaidEscrow, ledgertest.ClassConsumedAds: "CONSUMED:" + campaign.ProductProfileAds,
	} {
		if got != want {
			t.Errorf("ledgertest says %q, the domain %q", got, want)
		}
	}
	rules := market.Rules()
	for _, class := range []string{
		ledgertest.ClassIssued, ledgertest.ClassPurchased, ledgertest.ClassConsumed, ledgertest.ClassClearing,
		ledgertest.ClassDeferred, ledgertest.ClassRevenue, ledgertest.ClassFees, ledgertest.ClassConsumedAds, ledgertest.ClassAdRevenue,
	} {
		if _, ok := rules.Class(class); !ok {
			t.Errorf("class %s is not in the chart", class)
		}
	}
}
