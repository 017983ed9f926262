package market

import (
	"fmt"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// Projections returns the effects that campaigns' journals have outside of
// campaigns: what a wallet's units were spent on, and what analytics counts.
func Projections() []ledger.Effect {
	return []ledger.Effect{wallet.SpendProjection(), rollupEffect{}}
}

// rollupEffect adds what RollupOf counts.
type rollupEffect struct{}

// Kind implements ledger.Effect.
func (rollupEffect) Kind() string { return analytics.EffectRollup }

// Row implements ledger.Effect.
func (rollupEffect) Row(accepted *ledger.Delta) any {
	if row, ok := RollupOf(accepted); ok {
		return row
	}
	return nil
}

// RollupOf returns what a journal adds to the rollups; ok is false for journals that
// add nothing. It is the one definition of that projection, written as an effect and
// re-derived by verification (I22): the journal says everything it depends on.
//
// It panics if the journal names a time zone that does not exist: the ad account
// could not have been opened (I22).
func RollupOf(accepted *ledger.Delta) (row analytics.Rollup, ok bool) {
	charge, ok := campaign.ChargeRowOf(accepted)
	if !ok {
		return analytics.Rollup{}, false
	}
	zone, err := domain.LoadZone(accepted.Journal.Arguments.TextOf(campaign.ArgTimeZone))
	if err != nil {
		panic(fmt.Sprintf("market: rollup of journal %s (I22): %v", charge.Journal, err))
	}
	return analytics.RollupOf(analytics.Activity{
		Campaign: charge.Campaign, At: charge.MinuteAt, Zone: zone, Impressions: charge.Impressions, Clicks: charge.Clicks,
		BillableClicks: charge.BillableClicks, SpendGross: charge.Billed, Unbilled: charge.Unbilled,
	}), true
}
