package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

const (
	// The advertiser who pays in money has one in prepaidShare of all campaigns,
	// at least one and at most prepaidMax.
	prepaidShare = 4
	prepaidMax   = 50
	// personaCampaigns is how many the freelancer persona and the personas' agency
	// have, others one to othersCampaignsMax where there are owners enough.
	personaCampaigns   = 3
	othersCampaignsMax = 3
	// adAccountsSettle is how long after the start ad accounts are opened: once
	// agencies have their people.
	adAccountsSettle = agenciesSettle + time.Hour

	// indexIndia and indexJapan are owners who live there in every load with
	// campaigns, so that with the personas there are advertisers in each country.
	indexIndia = 4
	indexJapan = 5
)

// advertisersPlaces is where some owners live in a load with campaigns.
var advertisersPlaces = map[int]place{
	indexIndia: {jurisdiction: "IN", zone: "Asia/Kolkata"},
	indexJapan: {jurisdiction: "JP", zone: "Asia/Tokyo"},
}

// adZones is the zone in which the ad accounts of a country count their days.
var adZones = map[string]string{
	"US": "America/New_York", "IN": "Asia/Kolkata", "NP": "Asia/Kathmandu", "DE": "Europe/Berlin", "JP": "Asia/Tokyo",
}

// adAccount is an ad account with its campaigns.
type adAccount struct {
	owner        ledger.ID
	holder       *holder // whose wallet pays; nil where the commodity is money
	jurisdiction string
	name         string
	commodity    ledger.Commodity
	zone         *time.Location
	rng          *rand.Rand
	adverts      []*advert
	opensAt      time.Time
	ref          campaign.Ref
}

func advertiserID(seed int64) ledger.ID { return derivedID(seed, "advertiser", 0) }

// wallet returns the wallet that pays; zero where the commodity is money.
func (a *adAccount) wallet() campaign.Ref {
	if a.holder == nil {
		return campaign.Ref{}
	}
	return campaign.Ref{Book: a.holder.ref.Book, ID: a.holder.ref.ID}
}

// manager returns who acts on the campaigns: the owner, or an agency's admin.
func (a *adAccount) manager() domain.Caller {
	if a.holder != nil && a.holder.isAgency() {
		admin := a.holder.staff[0].party
		return domain.Caller{Principal: "party:" + admin.String(), Party: admin, Memberships: []string{roleAdvertiser}}
	}
	return domain.Caller{Principal: "party:" + a.owner.String(), Party: a.owner, OwnAdAccounts: true}
}

// cast decides who advertises what. The first account is the one in money; the
// others are in the order in which stories are given out.
func (g *generator) cast() ([]*adAccount, error) {
	accounts, index := []*adAccount{g.newAdAccount(nil)}, 0
	give := func(a *adAccount, n int) {
		for range min(n, g.load.Campaigns-index) {
			a.adverts = append(a.adverts, g.newAdvert(a, index))
			index++
		}
	}
	give(accounts[0], min(max(1, g.load.Campaigns/prepaidShare), prepaidMax))
	prepaid := index
	for _, h := range g.advertisers() {
		if index == g.load.Campaigns {
			break
		}
		a := g.newAdAccount(h)
		give(a, a.share())
		accounts = append(accounts, a)
	}
	for index < g.load.Campaigns { // more campaigns than so few owners usually have
		for _, a := range accounts[1:] {
			give(a, a.share())
		}
	}
	for _, a := range accounts {
		zone, err := domain.LoadZone(adZones[a.jurisdiction])
		if err != nil {
			return nil, fmt.Errorf("make the ad account of %s: %w", a.owner, err)
		}
		a.zone = zone
		for _, c := range a.adverts {
			g.schedule(c, prepaid)
		}
	}
	return accounts, nil
}

// share is how many campaigns the account gets in one round.
func (a *adAccount) share() int {
	if index := a.holder.index; index == indexFreelancer || index == indexAgency {
		return personaCampaigns
	}
	return 1 + a.rng.IntN(othersCampaignsMax)
}

// advertisers returns who may advertise from a wallet: those with parts first, the
// others in the order of chance, without those whose wallets will be frozen.
func (g *generator) advertisers() []*holder {
	taken := map[int]bool{indexFreelancer: true, indexAgency: true, indexIndia: true, indexJapan: true}
	chosen := []*holder{g.holders[indexFreelancer], g.holders[indexAgency], g.holders[indexIndia], g.holders[indexJapan]}
	for _, h := range g.spread(frozenShare) {
		taken[h.index] = true
	}
	for _, i := range stream(g.load.Seed, "advertisers", 0).Perm(len(g.holders)) {
		if !taken[i] {
			chosen = append(chosen, g.holders[i])
		}
	}
	return chosen
}

// newAdAccount returns the ad account of a holder, who then is there from the
// start, or of the advertiser who pays in money.
func (g *generator) newAdAccount(h *holder) *adAccount {
	if h == nil {
		return &adAccount{
			owner: advertiserID(g.load.Seed), jurisdiction: "US", name: "Talent acquisition", commodity: ledger.USD,
			rng: stream(g.load.Seed, "prepaid ad account", 0),
		}
	}
	h.late = false
	name := "My promotions"
	if h.isAgency() {
		name = "Agency promotions"
	}
	return &adAccount{
		owner: h.owner, holder: h, jurisdiction: h.place.jurisdiction, name: name, commodity: ledger.CNX,
		rng: stream(g.load.Seed, "ad account", h.index),
	}
}
