package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// Owners are numbered; some numbers play fixed parts, so that personas are known
// from the seed alone and every kind of event happens at every size.
const (
	indexFreelancer = 0
	indexAgency     = 1
	// agencyEvery makes 5% of the owners agencies; those that follow an agency
	// are its people.
	agencyEvery    = 20
	agencyStaffMax = 6
	// indexSpecial is the first owner after the personas and their agency.
	indexSpecial = 8

	roleAdmin      = "AGENCY_ADMIN"
	roleMember     = "AGENCY_MEMBER"
	roleAdvertiser = "ADVERTISER_ADMIN"

	// proposalsMean is how many proposals a wallet sends a day on average;
	// agencies send several times that.
	proposalsMean   = 0.36
	agencyProposals = 2.5
	// personaProposals makes the freelancer's page a busy one.
	personaProposals = 2.0
	// zipfOffset flattens the head of the distribution: without it the busiest
	// wallet would send a hundred proposals a day.
	zipfOffset = 20
	joinShare  = 0.25 // of the owners free to join late, half the parties
)

// holder is an owner with one wallet, and how they behave.
type holder struct {
	index    int
	owner    ledger.ID
	kind     wallet.Kind
	place    place
	zone     *time.Location
	rng      *rand.Rand
	money    ledger.Commodity
	perDay   float64 // proposals
	plus     bool    // pays for a plan with more Connects
	payday   int     // of the month on which the plan's Connects come
	pays     float64 // how likely Connects are bought when they run out
	late     bool    // joins during the window
	ref      wallet.Ref
	frozen   bool
	attempts int // while frozen
	staff    []staffer
	members  map[staffer]bool // as recorded so far
}

// staffer is a party that acts for an agency.
type staffer struct {
	party ledger.ID
	role  string
}

func ownerID(seed int64, index int) ledger.ID { return derivedID(seed, "owner", index) }

func (h *holder) isAgency() bool { return h.kind == wallet.KindAgency }

// isAgencyIndex leaves out an agency at the very end, where nobody follows to
// act for it.
func isAgencyIndex(index, size int) bool { return index%agencyEvery == indexAgency && index+2 < size }

// newPopulation returns all owners of a load in the order of their numbers.
// moved gives some of them another place than chance does.
func newPopulation(seed int64, size int, moved map[int]place) ([]*holder, error) {
	ranks := stream(seed, "ranks", 0).Perm(size)
	var weights float64
	for rank := range size {
		weights += 1 / float64(rank+1+zipfOffset)
	}
	holders := make([]*holder, size)
	for i := range holders {
		h := newHolder(seed, i, size)
		if to, moves := moved[i]; moves {
			h.settle(to)
		}
		share := 1 / (float64(ranks[i]+1+zipfOffset) * weights)
		h.perDay = proposalsMean * float64(size) * share
		switch {
		case i == indexFreelancer:
			h.perDay = personaProposals
		case h.isAgency():
			h.perDay += agencyProposals
		}
		zone, err := domain.LoadZone(h.place.zone)
		if err != nil {
			return nil, fmt.Errorf("make owner %d: %w", i, err)
		}
		h.zone, holders[i] = zone, h
	}
	for _, h := range holders {
		h.hire(seed, size)
	}
	return holders, nil
}

func newHolder(seed int64, index, size int) *holder {
	h := &holder{
		index: index, owner: ownerID(seed, index), kind: wallet.KindFreelancer, rng: stream(seed, "holder", index),
		members: map[staffer]bool{},
	}
	weights := make([]int, len(places))
	for i, place := range places {
		weights[i] = place.weight
	}
	h.settle(places[weighted(h.rng, weights)])
	switch index {
	case indexFreelancer:
		h.settle(place{jurisdiction: "NP", zone: "Asia/Kathmandu"}) // a quarter of an hour off everyone's habits
	case indexAgency:
		h.settle(place{jurisdiction: "DE", zone: "Europe/Berlin"}) // the other money, at every size
	}
	h.plus, h.payday = chance(h.rng, 0.15), 1+h.rng.IntN(28)
	h.pays = []float64{0, 0.35, 0.85}[weighted(h.rng, []int{25, 25, 50})]
	h.late = index%agencyEvery >= agencyEvery/2 && chance(h.rng, joinShare)
	if isAgencyIndex(index, size) {
		h.kind, h.pays = wallet.KindAgency, 0.95
	}
	if index == indexFreelancer {
		h.plus, h.pays = true, 0.7
	}
	return h
}

// settle says where the holder lives, and so in which money they pay.
func (h *holder) settle(at place) {
	h.place, h.money = at, ledger.USD
	if at.jurisdiction == "DE" {
		h.money = ledger.EUR
	}
}

// hire gives an agency its people: the owners numbered after it, an admin first.
func (h *holder) hire(seed int64, size int) {
	if !h.isAgency() {
		return
	}
	for n := range 2 + h.rng.IntN(agencyStaffMax-1) {
		index, role := h.index+1+n, roleMember
		if n == 0 {
			role = roleAdmin
		}
		if index < size {
			h.staff = append(h.staff, staffer{ownerID(seed, index), role})
		}
	}
}

// spender returns who sends the next proposal from the wallet: its owner, or one
// of an agency's people.
func (h *holder) spender() domain.Caller {
	if !h.isAgency() {
		return domain.Caller{Principal: "party:" + h.owner.String(), Party: h.owner, OwnWallets: true}
	}
	who := h.staff[h.rng.IntN(len(h.staff))]
	return domain.Caller{Principal: "party:" + who.party.String(), Party: who.party, Memberships: []string{who.role}}
}
