package demo

import (
	"context"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// insertion is a row that an effect brings into being, where guards will find it.
type insertion struct {
	book ledger.BookID
	id   ledger.RowID
	row  any
}

// record keeps what the effects of an accepted command make known: owners, ad
// accounts and campaigns. What later commands change of these, their guards tell.
func (b *books) record(c *ledger.Command, delta *ledger.Delta) {
	for _, effect := range c.Effects {
		switch effect.Kind() {
		case domain.EffectOwner:
			owner := effect.Row(delta).(domain.OwnerRow)
			if _, known := b.owners[owner.ID]; !known {
				b.owners[owner.ID] = owner
			}
		case campaign.EffectAdAccount:
			row := effect.Row(delta).(campaign.AdAccountRow)
			b.inserted = append(b.inserted, insertion{c.Book, ledger.RowID{Kind: campaign.GuardAdAccount, ID: row.ID.String()}, row})
		case campaign.EffectCampaign:
			row := effect.Row(delta).(campaign.Row)
			moved, _ := campaign.TotalsOf(delta)
			row.Totals = moved.Totals
			b.inserted = append(b.inserted, insertion{c.Book, campaignRow(row.ID), row})
		}
	}
}

// insert makes new rows visible to guards: with the next stretch of time, because
// the ledger's guards do not see what a command of their own batch inserts.
func (b *books) insert() {
	for _, in := range b.inserted {
		b.state(in.book).Rows[in.id] = in.row
	}
	b.inserted = b.inserted[:0]
}

func campaignRow(id ledger.ID) ledger.RowID {
	return ledger.RowID{Kind: campaign.GuardCampaign, ID: id.String()}
}

// chargedDay returns the row of a day's charges that a command adds to.
func chargedDay(guards []ledger.Guard) ledger.RowID {
	for _, guard := range guards {
		if guard.Kind() == campaign.GuardDay {
			return ledger.RowID{Kind: campaign.GuardDay, ID: guard.ID()}
		}
	}
	return ledger.RowID{}
}

// campaign returns a campaign as it stands; ok is false before the stretch of time
// after the one in which it was created.
func (b *books) campaign(ref campaign.Ref) (row campaign.Row, ok bool) {
	row, ok = b.state(ref.Book).Rows[campaignRow(ref.ID)].(campaign.Row)
	return row, ok
}

// spentOn is what a campaign was charged on a local date of its ad account.
func (b *books) spentOn(ref campaign.Ref, day ledger.Date) int64 {
	spent, _ := b.state(ref.Book).Rows[ledger.RowID{Kind: campaign.GuardDay, ID: campaign.DayKey(ref.ID, day)}].(int64)
	return spent
}

// prepaid is what an ad account in money has not assigned to a campaign.
func (b *books) prepaid(ref campaign.Ref, money ledger.Commodity) int64 {
	account, found := b.state(ref.Book).Accounts[ledger.AccountID(ref.Book, campaign.PrepaidCode(ref.ID), money)]
	if !found {
		return 0
	}
	return account.Balance.On(ledger.Credit)
}

// CampaignPage implements campaign.Directory for the one thing that commands ask:
// whether the caller reaches an ad account or a campaign, and as what.
func (b *books) CampaignPage(_ context.Context, caller domain.Caller, request campaign.PageRequest) (*campaign.Page, error) {
	page := &campaign.Page{Now: b.at}
	for _, ref := range request.AdAccounts {
		a, known := b.byAdAccount[ref.ID]
		if !known || a.ref != ref {
			continue
		}
		if access := a.accessOf(caller); access != "" {
			page.AdAccounts = append(page.AdAccounts, campaign.AdAccount{
				Ref: ref, Owner: a.owner, Name: a.name, Commodity: a.commodity, Wallet: a.wallet().ID, TimeZone: a.zone.String(), Access: access,
			})
		}
	}
	for _, ref := range request.Campaigns {
		c, known := b.byCampaign[ref.ID]
		if !known || c.ref != ref {
			continue
		}
		row, there := b.campaign(ref)
		if access := c.account.accessOf(caller); there && access != "" {
			page.Campaigns = append(page.Campaigns, campaign.Campaign{
				Row: row, Book: ref.Book, Owner: c.account.owner, Commodity: c.account.commodity, Wallet: c.account.wallet().ID,
				TimeZone: c.account.zone.String(), Access: access,
			})
		}
	}
	return page, nil
}

// accessOf returns as what the caller reaches the ad account, "" for not.
func (a *adAccount) accessOf(caller domain.Caller) campaign.Access {
	switch {
	case caller.All:
		return campaign.AccessAll
	case caller.OwnAdAccounts && caller.Party == a.owner:
		return campaign.AccessOwner
	}
	for _, role := range caller.Memberships {
		if role == roleAdvertiser && a.holder != nil && a.holder.members[staffer{caller.Party, role}] {
			return campaign.AccessAdmin
		}
	}
	return ""
}

// WalletOwner implements campaign.Directory.
func (b *books) WalletOwner(_ context.Context, book ledger.BookID, id ledger.ID) (ledger.ID, error) {
	h, known := b.byWallet[id]
	if !known || h.ref.Book != book {
		return ledger.NilID, domain.ErrNotFound
	}
	return h.owner, nil
}
