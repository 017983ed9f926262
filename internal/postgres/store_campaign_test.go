package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/postgres"
	"purser/ledger"
)

// adDesk writes the rows of campaigns as accepted commands would, one batch a
// call, and reads them back as guards do.
type adDesk struct {
	*books
	book   ledger.BookID
	store  *postgres.Store
	owner  ledger.ID
	wallet ledger.ID
}

func newAdDesk(t *testing.T) *adDesk {
	t.Helper()
	b := newBooks(t)
	d := &adDesk{books: b, book: b.open(), store: b.store(openDB(t, b.pg.AppURL)), owner: newID(), wallet: newID()}
	d.mustWrite(t, effectRows(domain.EffectOwner, domain.OwnerRow{
		ID: d.owner, Book: d.book, Kind: domain.OwnerOrganisation, Jurisdiction: "NP", TimeZone: "Asia/Kathmandu", CreatedAt: began,
	}))
	return d
}

func effectRows(kind string, rows ...any) ledger.EffectRows {
	return ledger.EffectRows{Kind: kind, Rows: rows}
}

func (d *adDesk) write(t *testing.T, effects ...ledger.EffectRows) error {
	t.Helper()
	return d.store.Batch(t.Context(), &ledger.Needs{Book: d.book, Clock: time.Now()}, func(s *ledger.State) (*ledger.Writes, error) {
		return &ledger.Writes{Book: s.Book, FirstSeq: s.Seq + 1, LastSeq: s.Seq, PostedAt: s.Now, Effects: effects}, nil
	})
}

func (d *adDesk) mustWrite(t *testing.T, effects ...ledger.EffectRows) {
	t.Helper()
	if err := d.write(t, effects...); err != nil {
		t.Fatal(err)
	}
}

// read returns the rows that guards of one kind see.
func (d *adDesk) read(t *testing.T, kind string, ids ...string) map[string]any {
	t.Helper()
	needs := &ledger.Needs{Book: d.book, Clock: time.Now()}
	for _, id := range ids {
		needs.Rows = append(needs.Rows, ledger.RowID{Kind: kind, ID: id})
	}
	found := map[string]any{}
	if err := d.store.Batch(t.Context(), needs, func(s *ledger.State) (*ledger.Writes, error) {
		for row, value := range s.Rows {
			found[row.ID] = value
		}
		return nil, nil
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

func (d *adDesk) adAccount() campaign.AdAccountRow {
	return campaign.AdAccountRow{
		ID: newID(), Owner: d.owner, Name: "Everest | Studio", Commodity: ledger.CNX, Wallet: d.wallet, TimeZone: "Asia/Kathmandu", OpenedAt: began,
	}
}

func campaignRow(account ledger.ID, name string) campaign.Row {
	return campaign.Row{
		ID: newID(), AdAccount: account, Name: name, Product: campaign.ProductProfile, AdType: campaign.EntityProfile, AdID: newID(),
		StartsAt: began, EndsAt: began.AddDate(0, 1, 0), BidMinor: 25, Budget: campaign.Budget{Type: campaign.BudgetDaily, AmountMinor: 400},
		Status: campaign.StatusDraft, Version: 1, CreatedAt: began, UpdatedAt: began, BudgetEditsOn: ledger.DateOf(began),
	}
}

func wantRows(t *testing.T, want, got map[string]any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestAdAccountRows(t *testing.T) {
	t.Parallel()
	d := newAdDesk(t)
	connects, money, absent := d.adAccount(), d.adAccount(), newID()
	money.Commodity, money.Wallet, money.TimeZone = ledger.USD, ledger.NilID, "America/New_York"
	d.mustWrite(t, effectRows(campaign.EffectAdAccount, connects, money))
	ids := []string{connects.ID.String(), money.ID.String(), absent.String()}
	wantRows(t, map[string]any{ids[0]: connects, ids[1]: money}, d.read(t, campaign.GuardAdAccount, ids...))

	first, second, other := campaignRow(connects.ID, "One"), campaignRow(connects.ID, "Two"), campaignRow(money.ID, "One")
	d.mustWrite(t, effectRows(campaign.EffectCampaign, first, other, second))
	connects.Campaigns, money.Campaigns = 2, 1
	wantRows(t, map[string]any{ids[0]: connects, ids[1]: money}, d.read(t, campaign.GuardAdAccount, ids...))

	elsewhere := &adDesk{books: d.books, book: d.open(), store: d.store}
	wantRows(t, map[string]any{}, elsewhere.read(t, campaign.GuardAdAccount, ids...))
	wantRows(t, map[string]any{}, elsewhere.read(t, campaign.GuardCampaign, first.ID.String()))
}

func TestCampaignRows(t *testing.T) {
	t.Parallel()
	d := newAdDesk(t)
	account := d.adAccount()
	d.mustWrite(t, effectRows(campaign.EffectAdAccount, account))
	open, dated := campaignRow(account.ID, "Été | 2026"), campaignRow(account.ID, "हिमाल")
	open.EndsAt, open.Budget = time.Time{}, campaign.Budget{Type: campaign.BudgetLifetime, AmountMinor: 9_000}
	ids := []string{open.ID.String(), dated.ID.String(), newID().String()}
	rows := func() map[string]any { return map[string]any{ids[0]: open, ids[1]: dated} }

	// All that one batch may do to a campaign, its creation included.
	changed := open
	changed.Status, changed.Version, changed.UpdatedAt = campaign.StatusEnabled, 2, began.Add(time.Minute)
	again := changed
	again.Version, again.EndsAt, again.AdID, again.BidMinor = 3, began.AddDate(0, 2, 0), newID(), 26
	again.Budget, again.BudgetEdits, again.BudgetEditsOn = campaign.Budget{Type: campaign.BudgetDaily, AmountMinor: 401}, 1, ledger.DateOf(began.AddDate(0, 0, 1))
	d.mustWrite(t,
		effectRows(campaign.EffectTotals,
			campaign.TotalsRow{Campaign: open.ID, Totals: campaign.Totals{Funded: 100}},
			campaign.TotalsRow{Campaign: dated.ID, Totals: campaign.Totals{Funded: 7}},
			campaign.TotalsRow{Campaign: open.ID, Totals: campaign.Totals{Consumed: 60, Unbilled: 3}},
			campaign.TotalsRow{Campaign: open.ID, Totals: campaign.Totals{Released: 50, Credited: 10}}),
		effectRows(campaign.EffectUpdate, changed, again),
		effectRows(campaign.EffectCampaign, open, dated))
	open, dated.Totals = again, campaign.Totals{Funded: 7}
	open.Totals = campaign.Totals{Funded: 100, Released: 50, Consumed: 60, Credited: 10, Unbilled: 3}
	wantRows(t, rows(), d.read(t, campaign.GuardCampaign, ids...))

	// What an update holds of the counters is left alone: they have effects of their own.
	dated.Version, dated.Status, dated.EndsAt, dated.Totals = 2, campaign.StatusEnded, time.Time{}, campaign.Totals{Funded: 1_000_000}
	d.mustWrite(t, effectRows(campaign.EffectUpdate, dated), effectRows(campaign.EffectTotals,
		campaign.TotalsRow{Campaign: dated.ID, Totals: campaign.Totals{Released: 7}}))
	dated.Totals = campaign.Totals{Funded: 7, Released: 7}
	wantRows(t, rows(), d.read(t, campaign.GuardCampaign, ids...))
}

func TestCampaignNames(t *testing.T) {
	t.Parallel()
	d := newAdDesk(t)
	account, other := d.adAccount(), d.adAccount()
	d.mustWrite(t, effectRows(campaign.EffectAdAccount, account, other))
	first, second := campaignRow(account.ID, "  Spring | SALE "), campaignRow(account.ID, "Autumn")
	d.mustWrite(t, effectRows(campaign.EffectCampaign, first, second))
	spring, autumn := campaign.NameKey(account.ID, "spring | sale"), campaign.NameKey(account.ID, "Autumn")
	ids := []string{spring, autumn, campaign.NameKey(account.ID, "winter"), campaign.NameKey(other.ID, "Autumn")}
	wantRows(t, map[string]any{spring: first.ID, autumn: second.ID}, d.read(t, campaign.GuardName, ids...))

	// Two campaigns swap names and a third takes one of another account, in one batch.
	first.Name, first.Version = "AUTUMN", 2
	second.Name, second.Version = "Spring | Sale", 2
	third := campaignRow(other.ID, "autumn")
	d.mustWrite(t, effectRows(campaign.EffectUpdate, first, second), effectRows(campaign.EffectCampaign, third))
	want := map[string]any{spring: second.ID, autumn: first.ID, ids[3]: third.ID}
	wantRows(t, want, d.read(t, campaign.GuardName, ids...))

	// A name is dropped and taken by a new campaign, in one batch.
	second.Name, second.Version = "Winter", 3
	fourth := campaignRow(account.ID, "spring | sale")
	d.mustWrite(t, effectRows(campaign.EffectUpdate, second), effectRows(campaign.EffectCampaign, fourth))
	want[spring], want[ids[2]] = fourth.ID, second.ID
	wantRows(t, want, d.read(t, campaign.GuardName, ids...))
}

func TestCampaignLogs(t *testing.T) {
	t.Parallel()
	d := newAdDesk(t)
	of, journals := newID(), []ledger.ID{newID(), newID()}
	changes := []campaign.ChangeRow{
		{Campaign: of, Journal: journals[0], Line: 0, At: began, Actor: "party:a", Field: "status", Old: "", New: "DRAFT"},
		{Campaign: of, Journal: journals[0], Line: 1, At: began, Actor: "party:a", Field: "bid", Old: "25", New: "26"},
		{Campaign: of, Journal: journals[1], Line: 0, At: began.Add(time.Second), Actor: "party:b", Field: "name", Old: "a", New: "b"},
	}
	charges := []campaign.ChargeRow{
		{Journal: journals[0], Campaign: of, Batch: "b-1", MinuteAt: began, Impressions: 900, Clicks: 9, BillableClicks: 9, Billed: 225, PostedAt: began.Add(time.Second)},
		{Journal: journals[1], Campaign: of, Batch: "b-2", MinuteAt: began, Impressions: 90, Clicks: 8, BillableClicks: 2, Billed: 30, Unbilled: 170, PostedAt: began.Add(time.Minute)},
	}
	d.mustWrite(t, effectRows(campaign.EffectChanges, changes[:2], changes[2:]), effectRows(campaign.EffectCharge, charges[0], charges[1]))
	var gotChanges []campaign.ChangeRow
	d.each(t, `SELECT campaign_id, journal_id, line, changed_at, actor, field, old_value, new_value FROM campaign_changes
		WHERE book_id = $1 ORDER BY changed_at, line`, func(scan func(...any) error) error {
		var c campaign.ChangeRow
		err := scan(&c.Campaign, &c.Journal, &c.Line, &c.At, &c.Actor, &c.Field, &c.Old, &c.New)
		c.At = c.At.UTC()
		gotChanges = append(gotChanges, c)
		return err
	})
	if diff := cmp.Diff(changes, gotChanges); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	var gotCharges []campaign.ChargeRow
	d.each(t, `SELECT journal_id, campaign_id, batch, minute_at, impressions, clicks, billable_clicks, billed, unbilled, posted_at
		FROM click_charges WHERE book_id = $1 ORDER BY posted_at`, func(scan func(...any) error) error {
		var c campaign.ChargeRow
		err := scan(&c.Journal, &c.Campaign, &c.Batch, &c.MinuteAt, &c.Impressions, &c.Clicks, &c.BillableClicks, &c.Billed, &c.Unbilled, &c.PostedAt)
		c.MinuteAt, c.PostedAt = c.MinuteAt.UTC(), c.PostedAt.UTC()
		gotCharges = append(gotCharges, c)
		return err
	})
	if diff := cmp.Diff(charges, gotCharges); diff != "" {
		t.Errorf("charges (-want +got):\n%s", diff)
	}
}

// each reads the rows of a statement on the desk's book.
func (d *adDesk) each(t *testing.T, sql string, row func(scan func(...any) error) error) {
	t.Helper()
	rows, err := d.super.Query(t.Context(), sql, d.book)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// TestCampaignConstraints hands the store rows that no accepted command makes:
// each is refused by the constraint or the tripwire that says why.
func TestCampaignConstraints(t *testing.T) {
	t.Parallel()
	d := newAdDesk(t)
	account := d.adAccount()
	known := campaignRow(account.ID, "Known")
	d.mustWrite(t, effectRows(campaign.EffectAdAccount, account), effectRows(campaign.EffectCampaign, known))
	opened := func(alter func(*campaign.AdAccountRow)) ledger.EffectRows {
		row := d.adAccount()
		alter(&row)
		return effectRows(campaign.EffectAdAccount, row)
	}
	created := func(alter func(*campaign.Row)) ledger.EffectRows {
		row := campaignRow(account.ID, "Another")
		alter(&row)
		return effectRows(campaign.EffectCampaign, row)
	}
	updated := func(version int64) ledger.EffectRows {
		row := known
		row.Version = version
		return effectRows(campaign.EffectUpdate, row)
	}
	totals := func(of ledger.ID, sum campaign.Totals) ledger.EffectRows {
		return effectRows(campaign.EffectTotals, campaign.TotalsRow{Campaign: of, Totals: sum})
	}
	charge := campaign.ChargeRow{Journal: newID(), Campaign: known.ID, Batch: "b", MinuteAt: began, Clicks: 1, BillableClicks: 2, PostedAt: began}
	change := campaign.ChangeRow{Campaign: known.ID, Journal: newID(), At: began}
	for name, test := range map[string]struct {
		want  string
		write ledger.EffectRows
	}{
		"account_again":         {"ad_accounts_pkey", effectRows(campaign.EffectAdAccount, account)},
		"account_in_euro":       {"ad_accounts_commodity_known", opened(func(r *campaign.AdAccountRow) { r.Commodity, r.Wallet = ledger.EUR, ledger.NilID })},
		"connects_no_wallet":    {"ad_accounts_wallet_for_connects", opened(func(r *campaign.AdAccountRow) { r.Wallet = ledger.NilID })},
		"money_with_wallet":     {"ad_accounts_wallet_for_connects", opened(func(r *campaign.AdAccountRow) { r.Commodity = ledger.USD })},
		"account_of_nobody":     {"ad_accounts_owner_fkey", opened(func(r *campaign.AdAccountRow) { r.Owner = newID() })},
		"fewer_than_none":       {"ad_accounts_campaigns_not_negative", opened(func(r *campaign.AdAccountRow) { r.Campaigns = -1 })},
		"campaign_again":        {"campaigns_pkey", created(func(r *campaign.Row) { r.ID = known.ID })},
		"name_taken":            {"campaigns_name_unique", created(func(r *campaign.Row) { r.Name = " KNOWN " })},
		"campaign_of_no_one":    {"campaigns_ad_account_fkey", created(func(r *campaign.Row) { r.AdAccount = newID() })},
		"product":               {"campaigns_product_known", created(func(r *campaign.Row) { r.Product = "BANNER" })},
		"ad":                    {"campaigns_ad_type_known", created(func(r *campaign.Row) { r.AdType = "PET" })},
		"schedule":              {"campaigns_schedule_forward", created(func(r *campaign.Row) { r.EndsAt = r.StartsAt })},
		"bid":                   {"campaigns_bid_positive", created(func(r *campaign.Row) { r.BidMinor = 0 })},
		"budget":                {"campaigns_budget_positive", created(func(r *campaign.Row) { r.Budget.AmountMinor = 0 })},
		"budget_type":           {"campaigns_budget_type_known", created(func(r *campaign.Row) { r.Budget.Type = "HOURLY" })},
		"status":                {"campaigns_status_known", created(func(r *campaign.Row) { r.Status = "RUNNING" })},
		"version":               {"campaigns_version_positive", created(func(r *campaign.Row) { r.Version = 0 })},
		"edits":                 {"campaigns_counters_not_negative", created(func(r *campaign.Row) { r.BudgetEdits = -1 })},
		"update_from_other":     {"campaigns_version", updated(3)},
		"update_from_same":      {"campaigns_version", updated(1)},
		"totals_of_no_one":      {"campaigns_known", totals(newID(), campaign.Totals{Funded: 1})},
		"totals_below_zero":     {"campaigns_counters_not_negative", totals(known.ID, campaign.Totals{Unbilled: -1})},
		"overspent":             {"campaigns_never_overspent", totals(known.ID, campaign.Totals{Funded: 5, Released: 3, Consumed: 3})},
		"more_billed_than_were": {"click_charges_counters_not_negative", effectRows(campaign.EffectCharge, charge)},
		"change_twice":          {"campaign_changes_pkey", effectRows(campaign.EffectChanges, []campaign.ChangeRow{change, change})},
	} {
		t.Run(name, func(t *testing.T) {
			wantConstraint(t, d.write(t, test.write), test.want)
		})
	}
	account.Campaigns = 1
	wantRows(t, map[string]any{account.ID.String(): account}, d.read(t, campaign.GuardAdAccount, account.ID.String()))
	wantRows(t, map[string]any{known.ID.String(): known}, d.read(t, campaign.GuardCampaign, known.ID.String()))
}
