package campaign_test

import (
	"context"
	"sync"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// store is a ledgertest.Memory that also keeps the rows of the domain as effects
// write them, where guards and the directory find them. The ledger has one batch in
// flight per book, so that rows are written before the next batch reads them.
type store struct {
	*ledgertest.Memory

	mu        sync.Mutex
	held      func() // what the next batch does first
	owners    map[ledger.ID]domain.OwnerRow
	wallets   map[ledger.ID]wallet.Row
	books     map[ledger.ID]ledger.BookID // of wallets, ad accounts and campaigns
	accounts  map[ledger.ID]campaign.AdAccountRow
	campaigns map[ledger.ID]campaign.Row
	days      map[string]int64
	changes   map[ledger.ID][]campaign.ChangeRow
	charges   map[ledger.ID]campaign.ChargeRow // by journal
	spend     []wallet.SpendRow
	rollups   []analytics.Rollup
}

func newStore() *store {
	return &store{
		Memory: &ledgertest.Memory{Narrow: true}, owners: map[ledger.ID]domain.OwnerRow{}, wallets: map[ledger.ID]wallet.Row{},
		books: map[ledger.ID]ledger.BookID{}, accounts: map[ledger.ID]campaign.AdAccountRow{}, campaigns: map[ledger.ID]campaign.Row{},
		days: map[string]int64{}, changes: map[ledger.ID][]campaign.ChangeRow{}, charges: map[ledger.ID]campaign.ChargeRow{},
	}
}

// hold makes the next batch wait until it is released, and tells when it is there.
func (s *store) hold() (blocked <-chan struct{}, release func()) {
	there, released := make(chan struct{}), make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = func() { close(there); <-released }
	return there, func() { close(released) }
}

func (s *store) wait() {
	s.mu.Lock()
	held := s.held
	s.held = nil
	s.mu.Unlock()
	if held != nil {
		held()
	}
}

// Batch implements ledger.Store.
func (s *store) Batch(ctx context.Context, needs *ledger.Needs, fold func(*ledger.State) (*ledger.Writes, error)) error {
	s.wait()
	var written *ledger.Writes
	err := s.Memory.Batch(ctx, needs, func(state *ledger.State) (*ledger.Writes, error) {
		writes, err := fold(state)
		written = writes
		return writes, err
	})
	if err != nil || written == nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// New rows come first: a batch may fund what it creates.
	for _, kind := range []string{
		domain.EffectOwner, wallet.EffectWallet, campaign.EffectAdAccount, campaign.EffectCampaign, campaign.EffectUpdate,
		campaign.EffectTotals, campaign.EffectChanges, campaign.EffectCharge, wallet.EffectSpend, analytics.EffectRollup,
	} {
		for _, effects := range written.Effects {
			if effects.Kind != kind {
				continue
			}
			for _, row := range effects.Rows {
				s.write(needs.Book, kind, row)
			}
		}
	}
	s.countCommitments(needs.Book)
	return nil
}

// countCommitments puts where guards find it what storage counts on reading: the
// campaigns of each wallet that have not ended, and whether it is closed.
func (s *store) countCommitments(book ledger.BookID) {
	closed := map[ledger.ID]bool{}
	for _, account := range s.Snapshot(book).Accounts {
		if account.Account.Class == wallet.ClassAvailable {
			closed[account.Account.Owner] = account.Balance.Status == ledger.StatusClosed
		}
	}
	for id := range closed {
		row := domain.Commitments{Closed: closed[id]}
		for _, c := range s.campaigns {
			if s.accounts[c.AdAccount].Wallet == id && c.Status != campaign.StatusEnded && c.Status != campaign.StatusArchived {
				row.Open++
			}
		}
		s.SetRow(book, ledger.RowID{Kind: domain.GuardCommitments, ID: id.String()}, row)
	}
}

func (s *store) write(book ledger.BookID, kind string, row any) {
	switch row := row.(type) {
	case domain.OwnerRow:
		if _, known := s.owners[row.ID]; !known {
			s.owners[row.ID] = row
			s.SetRow(book, ledger.RowID{Kind: domain.GuardOwner, ID: row.ID.String()}, row)
		}
	case wallet.Row:
		s.wallets[row.ID], s.books[row.ID] = row, book
	case campaign.AdAccountRow:
		s.books[row.ID] = book
		s.setAccount(book, row)
	case campaign.Row:
		s.writeCampaign(book, kind, row)
	case campaign.TotalsRow:
		changed := s.campaigns[row.Campaign]
		changed.Totals.Funded += row.Funded
		changed.Totals.Released += row.Released
		changed.Totals.Consumed += row.Consumed
		changed.Totals.Credited += row.Credited
		changed.Totals.Unbilled += row.Unbilled
		s.setCampaign(book, changed)
	case []campaign.ChangeRow:
		s.changes[row[0].Campaign] = append(s.changes[row[0].Campaign], row...)
	case campaign.ChargeRow:
		s.charges[row.Journal] = row
	case wallet.SpendRow:
		s.spend = append(s.spend, row)
	case analytics.Rollup:
		s.rollups = append(s.rollups, row)
		key := campaign.DayKey(row.Campaign, row.Day)
		s.days[key] += row.SpendGross - row.Credits
		s.SetRow(book, ledger.RowID{Kind: campaign.GuardDay, ID: key}, s.days[key])
	}
}

func (s *store) writeCampaign(book ledger.BookID, kind string, row campaign.Row) {
	name := func(of campaign.Row) ledger.RowID {
		return ledger.RowID{Kind: campaign.GuardName, ID: campaign.NameKey(of.AdAccount, of.Name)}
	}
	if kind == campaign.EffectCampaign {
		account := s.accounts[row.AdAccount]
		account.Campaigns++
		s.setAccount(book, account)
		s.books[row.ID] = book
	} else {
		before := s.campaigns[row.ID]
		if before.Version != row.Version-1 {
			panic("campaign " + row.ID.String() + " is written over a version that nobody saw")
		}
		row.Totals = before.Totals // not an update's to write
		s.SetRow(book, name(before), nil)
	}
	s.SetRow(book, name(row), row.ID)
	s.setCampaign(book, row)
}

func (s *store) setAccount(book ledger.BookID, row campaign.AdAccountRow) {
	s.accounts[row.ID] = row
	s.SetRow(book, ledger.RowID{Kind: campaign.GuardAdAccount, ID: row.ID.String()}, row)
}

func (s *store) setCampaign(book ledger.BookID, row campaign.Row) {
	s.campaigns[row.ID] = row
	s.SetRow(book, ledger.RowID{Kind: campaign.GuardCampaign, ID: row.ID.String()}, row)
}

// campaign returns a campaign's row as it is.
func (s *store) campaign(ref campaign.Ref) campaign.Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.campaigns[ref.ID]
}

// account returns an ad account's row as it is.
func (s *store) account(id ledger.ID) campaign.AdAccountRow {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts[id]
}

// charge returns what a journal recorded of a charge.
func (s *store) charge(journal ledger.ID) campaign.ChargeRow {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.charges[journal]
}

// accessOf says as what a caller reaches an ad account. Analysts have a membership in
// whatever they ask for.
func (s *store) accessOf(caller domain.Caller, row campaign.AdAccountRow) campaign.Access {
	switch {
	case caller.All:
		return campaign.AccessAll
	case caller.OwnAdAccounts && caller.Party == row.Owner:
		return campaign.AccessOwner
	case len(caller.Memberships) > 0:
		return campaign.AccessAnalyst
	}
	return ""
}

// CampaignPage implements campaign.Directory.
func (s *store) CampaignPage(_ context.Context, caller domain.Caller, request campaign.PageRequest) (*campaign.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page := &campaign.Page{}
	for _, ref := range request.AdAccounts {
		row, found := s.accounts[ref.ID]
		if access := s.accessOf(caller, row); found && s.books[ref.ID] == ref.Book && access != "" {
			page.AdAccounts = append(page.AdAccounts, campaign.AdAccount{
				Ref: ref, Owner: row.Owner, Name: row.Name, Commodity: row.Commodity, Wallet: row.Wallet, TimeZone: row.TimeZone, Access: access,
			})
		}
	}
	for _, ref := range request.Campaigns {
		row, found := s.campaigns[ref.ID]
		account := s.accounts[row.AdAccount]
		if access := s.accessOf(caller, account); found && s.books[ref.ID] == ref.Book && access != "" {
			page.Campaigns = append(page.Campaigns, campaign.Campaign{
				Row: row, Book: ref.Book, Owner: account.Owner, Commodity: account.Commodity, Wallet: account.Wallet, TimeZone: account.TimeZone, Access: access,
			})
		}
	}
	return page, nil
}

// Page implements wallet.Directory for services.
func (s *store) Page(_ context.Context, _ domain.Caller, request wallet.PageRequest) (*wallet.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page := &wallet.Page{}
	for _, ref := range request.Refs {
		if row, found := s.wallets[ref.ID]; found {
			page.Wallets = append(page.Wallets, wallet.Wallet{Ref: ref, Owner: row.Owner, Kind: row.Kind, Jurisdiction: "US", Access: wallet.AccessAll})
		}
	}
	return page, nil
}

// Owner implements domain.Owners.
func (s *store) Owner(_ context.Context, id ledger.ID) (domain.OwnerRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if row, known := s.owners[id]; known {
		return row, nil
	}
	return domain.OwnerRow{}, domain.ErrNotFound
}

// WalletOwner implements campaign.Directory.
func (s *store) WalletOwner(_ context.Context, book ledger.BookID, id ledger.ID) (ledger.ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if row, found := s.wallets[id]; found && s.books[id] == book {
		return row.Owner, nil
	}
	return ledger.NilID, domain.ErrNotFound
}
