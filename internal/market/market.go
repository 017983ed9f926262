// Package market joins the domain packages into one marketplace: one chart of
// accounts and one set of templates, which every book uses. The domain packages
// do not know of each other; what concerns two of them is here.
package market

import (
	"slices"

	"purser/internal/campaign"
	"purser/internal/finance"
	"purser/internal/wallet"
	"purser/ledger"
)

// Rules returns the marketplace's chart of accounts and templates. It panics if
// they contradict each other, which the package's test would show first.
func Rules() *ledger.Rules {
	rules, err := ledger.NewRules(
		slices.Concat(wallet.Chart(), campaign.Chart()),
		slices.Concat(wallet.Templates(), campaign.Templates(), finance.Templates()),
	)
	if err != nil {
		panic(err)
	}
	return rules
}
