package postgres_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/analytics"
	"purser/internal/domain"
	"purser/ledger"
)

// fact is one thing that happened, with all that it can be asked by.
type fact struct {
	owner ledger.ID
	zone  string // of its ad account
	at    time.Time
	keys  map[analytics.Dimension]analytics.StringCell
	analytics.Figures
	// transaction is the journal entry of a wallet that moved units.
	transaction string
}

// facts are a marketplace of random activity, written as storage keeps it.
type facts struct {
	*world
	random *rand.Rand
	conn   *pgx.Conn
	owners []ledger.ID
	spend  []fact
	flows  []fact
	rows   map[string][][]any
}

var (
	factZones    = []string{"UTC", "America/New_York", "Asia/Kathmandu", "Asia/Kolkata", "Pacific/Kiritimati", "Africa/Cairo"}
	factProducts = []string{"BOOSTED_PROFILE", "PROMOTED_PROJECT", "PROMOTED_JOB"}
	factTypes    = []string{"PURCHASE", "PROPOSAL", "PLAN_GRANT"}
	factOrigins  = []string{"PURCHASE", "PLAN", "PROMO"}
	factColumns  = map[string][]string{
		"owners":           {"owner_id", "book_id", "kind", "jurisdiction", "time_zone", "created_at"},
		"ad_accounts":      {"book_id", "ad_account_id", "owner_id", "name", "commodity", "wallet_id", "time_zone", "opened_at"},
		"campaigns":        {"book_id", "campaign_id", "ad_account_id", "name", "name_key", "product", "ad_type", "ad_id", "starts_at", "bid_minor", "budget_type", "budget_minor", "status", "version", "created_at", "updated_at", "budget_edits_on", "budget_edits"},
		"ad_rollups_daily": {"book_id", "campaign_id", "day", "impressions", "clicks", "billable_clicks", "spend_gross", "credits", "unbilled"},
		"ad_rollups_15m":   {"book_id", "campaign_id", "bucket_at", "impressions", "clicks", "billable_clicks", "spend_gross", "credits", "unbilled"},
		"wallets":          {"book_id", "wallet_id", "owner_id", "kind", "opened_at"},
		"accounts":         {"book_id", "account_id", "code", "class", "commodity", "owner_id", "opened_at"},
		"lots":             {"book_id", "lot_id", "wallet_id", "origin", "granted", "remaining", "expires_at", "priority", "basis_minor", "basis_remaining", "jurisdiction"},
		"journals":         {"book_id", "journal_id", "seq", "template", "template_version", "type", "arguments", "effective_at", "booked_on", "posted_at", "initiated_by"},
		"lot_movements":    {"book_id", "journal_id", "line", "lot_id", "account_id", "quantity", "basis"},
	}
	factTables = []string{"owners", "ad_accounts", "campaigns", "ad_rollups_daily", "ad_rollups_15m", "wallets", "accounts", "lots", "journals", "lot_movements"}
)

// newFacts fills a marketplace with the activity of so many owners.
func newFacts(t *testing.T, seed uint64, owners int) *facts {
	t.Helper()
	f := &facts{world: newWorld(t), random: rand.New(rand.NewPCG(seed, 1)), rows: map[string][][]any{}}
	for range owners {
		owner := newID()
		f.owners = append(f.owners, owner)
		f.add("owners", owner, domain.AssignBook(owner), "PARTY", "IN", "UTC", began)
		f.advertise(owner)
		f.trade(owner)
	}
	f.write()
	return f
}

func (f *facts) add(table string, values ...any) { f.rows[table] = append(f.rows[table], values) }

func pick[T any](f *facts, from []T) T { return from[f.random.IntN(len(from))] }

// moment is an instant in the 60 days before began, or at times a year before.
func (f *facts) moment() time.Time {
	at := began.Add(-time.Duration(f.random.Int64N(int64(60 * 24 * time.Hour))))
	if f.random.IntN(4) == 0 {
		at = at.AddDate(-1, 0, 0)
	}
	return at.Truncate(time.Second)
}

// advertise gives an owner ad accounts, campaigns and what these did.
func (f *facts) advertise(owner ledger.ID) {
	book := domain.AssignBook(owner)
	for range 1 + f.random.IntN(2) {
		account, zone, commodity := newID(), pick(f, factZones), pick(f, []string{"CNX", "CNX", "USD"})
		var wallet *ledger.ID
		if commodity == "CNX" {
			wallet = &owner
		}
		accountName := "Account " + account.String()[30:]
		f.add("ad_accounts", book, account, owner, accountName, commodity, wallet, zone, began)
		for range 1 + f.random.IntN(2) {
			id, product := newID(), pick(f, factProducts)
			name := "Campaign " + id.String()[30:]
			f.add("campaigns", book, id, account, name, name, product, "PROFILE", id, began, int64(1), "DAILY", int64(1), "ENABLED", int64(1), began, began, began, int64(0))
			keys := map[analytics.Dimension]analytics.StringCell{
				analytics.DimensionProduct: {Text: product}, analytics.DimensionCommodity: {Text: commodity},
				analytics.DimensionCampaign:  {Text: name, Ref: analytics.Ref{Book: book, ID: id}},
				analytics.DimensionAdAccount: {Text: accountName, Ref: analytics.Ref{Book: book, ID: account}},
			}
			f.campaign(owner, zone, book, id, keys)
		}
	}
}

func (f *facts) campaign(owner ledger.ID, zone string, book ledger.BookID, id ledger.ID, keys map[analytics.Dimension]analytics.StringCell) {
	location, err := domain.LoadZone(zone)
	if err != nil {
		f.t.Fatal(err)
	}
	daily, fine := map[ledger.Date]*analytics.Figures{}, map[time.Time]*analytics.Figures{}
	for range f.random.IntN(10) {
		clicks := int64(f.random.IntN(6))
		figures := analytics.Figures{
			Impressions: int64(f.random.IntN(40)), Clicks: clicks, BillableClicks: clicks / 2, SpendGross: clicks / 2 * int64(f.random.IntN(50)),
			Credits: int64(f.random.IntN(2)),
		}
		at := f.moment()
		f.spend = append(f.spend, fact{owner: owner, zone: zone, at: at, keys: keys, Figures: figures})
		rollup := analytics.RollupOf(analytics.Activity{
			Campaign: id, At: at, Zone: location, Impressions: figures.Impressions, Clicks: figures.Clicks,
			BillableClicks: figures.BillableClicks, SpendGross: figures.SpendGross, Credits: figures.Credits,
		})
		addTo(daily, rollup.Day, rollup)
		addTo(fine, rollup.BucketAt, rollup)
	}
	for day, sum := range daily {
		f.add("ad_rollups_daily", book, id, day.Time(), sum.Impressions, sum.Clicks, sum.BillableClicks, sum.SpendGross, sum.Credits, int64(0))
	}
	for at, sum := range fine {
		f.add("ad_rollups_15m", book, id, at, sum.Impressions, sum.Clicks, sum.BillableClicks, sum.SpendGross, sum.Credits, int64(0))
	}
}

func addTo[K comparable](sums map[K]*analytics.Figures, key K, r analytics.Rollup) {
	if sums[key] == nil {
		sums[key] = &analytics.Figures{}
	}
	sums[key].Impressions += r.Impressions
	sums[key].Clicks += r.Clicks
	sums[key].BillableClicks += r.BillableClicks
	sums[key].SpendGross += r.SpendGross
	sums[key].Credits += r.Credits
}

// trade gives an owner a wallet with a lot of each origin, and journals that move
// units of some of them in it, and of one in an escrow.
func (f *facts) trade(owner ledger.ID) {
	book, wallet := domain.AssignBook(owner), newID()
	available, escrow := newID(), newID()
	f.add("wallets", book, wallet, owner, "FREELANCER", began)
	f.add("accounts", book, available, "WALLET:"+wallet.String()+":AVAILABLE", "WALLET:*:AVAILABLE", "CNX", wallet, began)
	f.add("accounts", book, escrow, "CAMPAIGN:"+wallet.String()+":ESCROW", "CAMPAIGN:*:ESCROW", "CNX", wallet, began)
	lots := map[string]ledger.ID{}
	for _, origin := range factOrigins {
		lots[origin] = newID()
		f.add("lots", book, lots[origin], wallet, origin, int64(1000), int64(0), began, int32(0), int64(0), int64(0), "IN")
	}
	for range f.random.IntN(10) {
		journal, kind, at := newID(), pick(f, factTypes), f.moment()
		f.add("journals", book, journal, int64(len(f.rows["journals"])+1), "T", int32(1), kind, []byte{}, at, at, at, "party:x")
		f.add("lot_movements", book, journal, int16(0), lots["PLAN"], escrow, int64(7), int64(0))
		for line := range f.random.IntN(4) {
			origin, quantity := pick(f, factOrigins), int64(f.random.IntN(9)+1)
			moved := analytics.Figures{UnitsIn: quantity}
			if f.random.IntN(2) == 0 {
				quantity, moved = -quantity, analytics.Figures{UnitsOut: quantity}
			}
			f.add("lot_movements", book, journal, int16(line+1), lots[origin], available, quantity, int64(0))
			f.flows = append(f.flows, fact{
				owner: owner, zone: "UTC", at: at, Figures: moved, transaction: journal.String() + available.String(),
				keys: map[analytics.Dimension]analytics.StringCell{analytics.DimensionType: {Text: kind}, analytics.DimensionOrigin: {Text: origin}},
			})
		}
	}
}

func (f *facts) write() {
	f.t.Helper()
	var err error
	if f.conn, err = pgx.Connect(f.t.Context(), f.pg.SuperURL); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { f.conn.Close(context.Background()) }) // the database is dropped next
	for _, table := range factTables {
		if _, err := f.conn.CopyFrom(f.t.Context(), pgx.Identifier{table}, factColumns[table], pgx.CopyFromRows(f.rows[table])); err != nil {
			f.t.Fatalf("fill %s: %v", table, err)
		}
	}
}
