package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// depositMinor is what the advertiser in money pays in at a time.
const depositMinor = 500_000

// done checks that a request about campaigns was accepted.
func (g *generator) done(result campaign.Result, err error) error {
	on := "campaign " + result.Campaign.ID.String()
	if result.Campaign.ID.IsZero() {
		on = "ad account " + result.AdAccount.ID.String()
	}
	_, err = g.outcome(on, result.Outcome, err, nil)
	return err
}

// refusedFor checks that a request about campaigns was refused for this reason.
func (g *generator) refusedFor(reason string, result campaign.Result, err error) error {
	var failed *ledger.GuardFailedError
	switch {
	case err != nil:
		return fmt.Errorf("play the event of %s on campaign %s: %w", g.books.at.Format(time.RFC3339), result.Campaign.ID, err)
	case result.Outcome.Refusal == nil:
		return fmt.Errorf("play the event of %s on campaign %s: accepted instead of refused with %s",
			g.books.at.Format(time.RFC3339), result.Campaign.ID, reason)
	case !errors.As(result.Outcome.Refusal, &failed) || failed.Reason != reason:
		return fmt.Errorf("play the event of %s on campaign %s: refused otherwise than with %s: %w",
			g.books.at.Format(time.RFC3339), result.Campaign.ID, reason, result.Outcome.Refusal)
	}
	return nil
}

// openAdAccount opens an ad account; of an agency, its admin is to manage it.
func (g *generator) openAdAccount(a *adAccount) error {
	in := campaign.OpenAdAccount{
		Key: g.key(), Owner: a.owner, OwnerKind: domain.OwnerParty, Jurisdiction: a.jurisdiction, Name: a.name,
		Commodity: a.commodity, TimeZone: a.zone.String(),
	}
	if a.holder != nil {
		in.Wallet, in.OwnerTimeZone = a.wallet(), a.holder.place.zone
		if a.holder.isAgency() {
			in.OwnerKind = domain.OwnerOrganisation
		}
	}
	result, err := g.campaign.OpenAdAccount(context.Background(), g.caller, in)
	if err := g.done(result, err); err != nil {
		return err
	}
	a.ref = result.AdAccount
	g.books.byAdAccount[a.ref.ID] = a
	if in.OwnerKind == domain.OwnerOrganisation {
		return g.join(a.holder, staffer{a.holder.staff[0].party, roleAdvertiser})
	}
	return nil
}

// provide makes sure that an amount can be set aside, by buying Connects or by
// paying in.
func (g *generator) provide(a *adAccount, amount int64) error {
	if a.holder == nil {
		for g.books.prepaid(a.ref, a.commodity) < amount {
			if err := g.deposit(a); err != nil {
				return err
			}
		}
		return nil
	}
	for {
		missing := amount - g.books.available(a.holder.ref)
		if missing <= 0 {
			return nil
		}
		if err := g.purchase(a.holder, a.holder.bundleOf(missing)); err != nil {
			return err
		}
	}
}

// bundleOf returns the smallest bundle of at least so many Connects, or the largest.
func (h *holder) bundleOf(quantity int64) int64 {
	sizes := bundles
	if h.isAgency() {
		sizes = agencyBundles
	}
	at, _ := slices.BinarySearch(sizes, quantity)
	return sizes[min(at, len(sizes)-1)]
}

func (g *generator) deposit(a *adAccount) error {
	return g.done(g.campaign.Deposit(context.Background(), g.caller, campaign.Deposit{
		Key: g.key(), AdAccount: a.ref, Amount: depositMinor, Fee: feeOf(depositMinor), Currency: a.commodity,
		Reference: "pay_" + randomID(a.rng).String(),
	}))
}

// create makes the campaign, with the first of its funds.
func (g *generator) create(c *advert) error {
	if err := g.provide(c.account, c.fund); err != nil {
		return err
	}
	result, err := g.campaign.Create(context.Background(), c.account.manager(), campaign.Create{
		Key: g.key(), AdAccount: c.account.ref, Name: c.name, Product: c.product, Ad: c.ad, Schedule: c.schedule,
		BidMinor: c.bid, Budget: c.budget, FundMinor: c.fund,
	})
	if err := g.done(result, err); err != nil {
		return err
	}
	c.ref = result.Campaign
	g.books.byCampaign[c.ref.ID] = c
	return nil
}

// refill sets more aside, unless the campaign is over.
func (g *generator) refill(c *advert) error {
	c.refilling = false
	if row, there := g.books.campaign(c.ref); !there || !unfinished(row.Status) {
		return nil
	}
	if err := g.provide(c.account, c.fund); err != nil {
		return err
	}
	return g.done(g.campaign.Fund(context.Background(), c.account.manager(), campaign.Fund{Key: g.key(), Campaign: c.ref, Amount: c.fund}))
}

// release gives a third of what is left back.
func (g *generator) release(c *advert) error {
	row, there := g.books.campaign(c.ref)
	amount := row.Totals.Remaining() / 3
	if !there || amount < 1 {
		return nil
	}
	return g.done(g.campaign.Release(context.Background(), c.account.manager(), campaign.Release{Key: g.key(), Campaign: c.ref, Amount: amount}))
}

// unfinished reports whether a campaign runs or may run again.
func unfinished(status campaign.Status) bool {
	return status == campaign.StatusDraft || status == campaign.StatusEnabled || status == campaign.StatusPaused
}

// mayBecome reports whether the owner can move the campaign there now: scenes that
// come too early in a short window are left out.
func (g *generator) mayBecome(c *advert, status campaign.Status) (version int64, ok bool) {
	row, there := g.books.campaign(c.ref)
	if !there {
		return 0, false
	}
	switch status {
	case campaign.StatusEnabled:
		ok = (row.Status == campaign.StatusDraft || row.Status == campaign.StatusPaused) && row.Totals.Remaining() > 0
	case campaign.StatusPaused:
		ok = row.Status == campaign.StatusEnabled
	case campaign.StatusEnded:
		ok = unfinished(row.Status)
	case campaign.StatusArchived:
		ok = row.Status == campaign.StatusEnded
	case campaign.StatusDraft: // nothing returns to it
	}
	return row.Version, ok
}

// become moves the campaign to a status if it may.
func (g *generator) become(c *advert, status campaign.Status) error {
	version, ok := g.mayBecome(c, status)
	if !ok {
		return nil
	}
	return g.done(g.campaign.SetStatus(context.Background(), c.account.manager(), campaign.SetStatus{
		Key: g.key(), Campaign: c.ref, Version: version, Status: status,
	}))
}

// switchAll moves campaigns to a status as one request of their owner does. It asks
// for them one at a time, under the one key: the commands are those of a request for
// all of them, which sends them at once and so in no order that repeats.
func (g *generator) switchAll(adverts []*advert, status campaign.Status) error {
	key := g.key()
	for _, c := range adverts {
		if _, ok := g.mayBecome(c, status); !ok {
			continue
		}
		results, err := g.campaign.SetStatuses(context.Background(), c.account.manager(), campaign.SetStatuses{
			Key: key, Campaigns: []campaign.Ref{c.ref}, Status: status,
		})
		if err != nil {
			return fmt.Errorf("play the event of %s on campaign %s: %w", g.books.at.Format(time.RFC3339), c.ref.ID, err)
		}
		if err := g.done(results[0].Result, results[0].Err); err != nil {
			return err
		}
	}
	return nil
}

// change asks for another budget.
func (g *generator) change(c *advert, amount int64, confirmed bool) (campaign.Result, error) {
	row, _ := g.books.campaign(c.ref)
	budget := campaign.Budget{Type: row.Budget.Type, AmountMinor: amount}
	return g.campaign.Update(context.Background(), c.account.manager(), campaign.Update{
		Key: g.key(), Campaign: c.ref, Version: row.Version, Budget: &budget, ConfirmLargeChange: confirmed,
	})
}

// raise gives the campaign a fifth more budget.
func (g *generator) raise(c *advert) error {
	row, there := g.books.campaign(c.ref)
	if !there || !unfinished(row.Status) {
		return nil
	}
	return g.done(g.change(c, row.Budget.AmountMinor*6/5, false))
}

// double gives the campaign twice the budget: at once it is refused, and then
// confirmed.
func (g *generator) double(c *advert) error {
	row, there := g.books.campaign(c.ref)
	if !there || !unfinished(row.Status) {
		return nil
	}
	result, err := g.change(c, 2*row.Budget.AmountMinor, false)
	if err := g.refusedFor(campaign.ReasonLargeChange, result, err); err != nil {
		return err
	}
	g.after(40*time.Second, func() error {
		return g.done(g.change(c, 2*row.Budget.AmountMinor, true))
	})
	return nil
}
