package demo

import (
	"context"
	"fmt"
	"time"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// recordsKept is how much simulated time the fold's memory of journals covers:
// longer than any return or correction waits.
const recordsKept = 12 * 24 * time.Hour

// decided is a command with the outcome that the ledger must give it.
type decided struct {
	command ledger.Command
	outcome ledger.Outcome
}

// books decides commands by the ledger's own fold on whole books in memory, and
// keeps them in order until they are posted. It is the domain.Poster, the
// wallet.Directory and the campaign.Directory of the generator.
type books struct {
	rules *ledger.Rules
	// at is the instant of the event being played, postedAt the later instant
	// at which the stretch of time it is in will be posted.
	at, postedAt time.Time
	states       map[ledger.BookID]*ledger.State
	queued       map[ledger.BookID][]decided
	order        []ledger.BookID // of first use
	owners       map[ledger.ID]domain.OwnerRow
	byWallet     map[ledger.ID]*holder
	byAdAccount  map[ledger.ID]*adAccount
	byCampaign   map[ledger.ID]*advert
	inserted     []insertion
	remembered   []memory
}

// memory is what the fold may forget once no command can ask for it.
type memory struct {
	postedAt time.Time
	book     ledger.BookID
	journal  ledger.ID
	once     string
	day      ledger.RowID // of what a campaign was charged; zero for none
}

func newBooks(rules *ledger.Rules) *books {
	return &books{
		rules: rules, states: map[ledger.BookID]*ledger.State{}, queued: map[ledger.BookID][]decided{},
		owners: map[ledger.ID]domain.OwnerRow{}, byWallet: map[ledger.ID]*holder{},
		byAdAccount: map[ledger.ID]*adAccount{}, byCampaign: map[ledger.ID]*advert{},
	}
}

// Post implements domain.Poster: it decides the command as the ledger will. A
// command without a business instant gets the event's, because the ledger would
// take the later one at which it posts.
func (b *books) Post(_ context.Context, c ledger.Command) (ledger.Outcome, error) {
	if c.EffectiveAt.IsZero() {
		c.EffectiveAt = b.at
	}
	state := b.state(c.Book)
	state.Now = b.postedAt
	delta, outcome, err := b.rules.Apply(state, &c)
	if err != nil {
		return ledger.Outcome{}, fmt.Errorf("decide command %s: %w", c.ID, err)
	}
	if delta != nil {
		state.Advance(delta)
		b.record(&c, delta)
		b.remembered = append(b.remembered, memory{b.postedAt, c.Book, c.ID, c.Once, chargedDay(c.Guards)})
	}
	b.queued[c.Book] = append(b.queued[c.Book], decided{command: c, outcome: outcome})
	return outcome, nil
}

func (b *books) state(book ledger.BookID) *ledger.State {
	state, found := b.states[book]
	if !found {
		state = ledger.NewState(book)
		b.states[book] = state
		b.order = append(b.order, book)
	}
	return state
}

// advance begins the next stretch of time and forgets what is too old to be
// reversed, repeated or counted, so that memory does not grow with the days.
func (b *books) advance(postedAt time.Time) {
	b.postedAt = postedAt
	b.insert()
	oldest := postedAt.Add(-recordsKept)
	var n int
	for ; n < len(b.remembered) && b.remembered[n].postedAt.Before(oldest); n++ {
		old := b.remembered[n]
		state := b.states[old.book]
		delete(state.Journals, old.journal)
		delete(state.Once, old.once)
		delete(state.Rows, old.day)
	}
	b.remembered = append(b.remembered[:0], b.remembered[n:]...)
}

// available is what a wallet can spend in this stretch of time.
func (b *books) available(ref wallet.Ref) int64 {
	state := b.state(ref.Book)
	var units int64
	for _, place := range state.Places[ledger.AccountID(ref.Book, wallet.AvailableCode(ref.ID), ledger.CNX)] {
		if b.alive(ref.Book, place.Lot) {
			units += place.Quantity
		}
	}
	return units
}

// alive reports whether a lot is known and not expired, grace aside.
func (b *books) alive(book ledger.BookID, id ledger.ID) bool {
	lot, found := b.state(book).Lots[id]
	return found && !lot.ExpiredBy(b.postedAt)
}

// remaining is what can still be taken back of a grant: what is in its wallet, and
// nothing once expired.
func (b *books) remaining(book ledger.BookID, id ledger.ID) int64 {
	if !b.alive(book, id) {
		return 0
	}
	state := b.state(book)
	for _, place := range state.Places[ledger.AccountID(book, wallet.AvailableCode(state.Lots[id].Wallet), ledger.CNX)] {
		if place.Lot == id {
			return place.Quantity
		}
	}
	return 0
}

// Page implements wallet.Directory for the one thing that commands ask: whether
// the caller reaches a wallet, and as what.
func (b *books) Page(_ context.Context, caller domain.Caller, request wallet.PageRequest) (*wallet.Page, error) {
	page := &wallet.Page{Now: b.at}
	for _, ref := range request.Refs {
		h, known := b.byWallet[ref.ID]
		if !known || h.ref != ref {
			continue
		}
		if access := h.accessOf(caller); access != "" {
			page.Wallets = append(page.Wallets, wallet.Wallet{
				Ref: h.ref, Owner: h.owner, Kind: h.kind, Jurisdiction: h.place.jurisdiction, TimeZone: h.place.zone, Access: access,
			})
		}
	}
	return page, nil
}

// accessOf returns as what the caller reaches the holder's wallet, "" for not.
func (h *holder) accessOf(caller domain.Caller) wallet.Access {
	if caller.All {
		return wallet.AccessAll
	}
	if caller.OwnWallets && caller.Party == h.owner {
		return wallet.AccessOwner
	}
	for _, role := range caller.Memberships {
		switch {
		case !h.members[staffer{caller.Party, role}]:
		case role == roleAdmin:
			return wallet.AccessAdmin
		case role == roleMember:
			return wallet.AccessMember
		}
	}
	return ""
}

// Owner implements wallet.Directory and campaign.Directory.
func (b *books) Owner(_ context.Context, id ledger.ID) (domain.OwnerRow, error) {
	owner, known := b.owners[id]
	if !known {
		return domain.OwnerRow{}, domain.ErrNotFound
	}
	return owner, nil
}
