package postgres_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// TestCampaignPageIsOneSnapshot lets a writer commit between the round trips of a
// page: the figures are those of the list that they are shown beside.
func TestCampaignPageIsOneSnapshot(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, owner := w.openAdvertiser("UTC")
	of := w.campaign(account, "One", nil)
	w.active(account, of, began, campaign.Metrics{SpendGross: 5})
	today := domain.Range{Preset: domain.PresetToday}
	list := campaign.CampaignsQuery{OrderBy: campaign.OrderSpendNet, Range: today, WithTotals: true, Limit: 5}
	performance, fine := campaign.PerformanceQuery{Range: today}, campaign.SeriesQuery{Range: today, Hourly: true}
	request := campaign.PageRequest{
		AdAccounts: []campaign.Ref{account}, Lists: []campaign.CampaignsQuery{list},
		Performance: []campaign.PerformanceQuery{performance}, Series: []campaign.SeriesQuery{fine},
	}
	w.campaignPage(owner, request) // prepares its statements, which the lock would hold up before the snapshot
	writer, locker := connect(t, w.pg.SuperURL), connect(t, w.pg.SuperURL)
	lock, err := locker.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), `LOCK TABLE ad_rollups_15m IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		page *campaign.Page
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		page, err := w.reader.CampaignPage(t.Context(), owner, request)
		answered <- answer{page, err}
	}()
	for waits := false; !waits; {
		if err := writer.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'ad_rollups_15m'::regclass AND NOT granted)`).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := writer.Exec(t.Context(), `UPDATE ad_rollups_daily SET spend_gross = 50 WHERE campaign_id = $1`, of.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), `UPDATE ad_rollups_15m SET spend_gross = 50 WHERE campaign_id = $1`, of.ID); err != nil {
		t.Fatal(err)
	}
	if err := lock.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := <-answered
	if got.err != nil {
		t.Fatal(got.err)
	}
	totals := adSectionOf[campaign.ListPage](t, got.page, account, list).Totals.SpendGross
	total := adSectionOf[campaign.Performance](t, got.page, of, performance).Totals.SpendGross
	points := adSectionOf[campaign.Series](t, got.page, of, fine).Points
	if totals != 5 || total != 5 || len(points) != 1 || points[0].SpendGross != 5 {
		t.Errorf("the list says %d, the performance %d, the series %+v: want 5 of each", totals, total, points)
	}
	if total := adSection[campaign.Performance](w, owner, of, performance).Totals.SpendGross; total != 50 {
		t.Errorf("the next page says %d, want 50", total)
	}
}

// TestCampaignPagesUnderWriters walks lists and logs while they grow: nothing
// twice, and nothing left out that was there (I19).
func TestCampaignPagesUnderWriters(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, owner := w.openAdvertiser("UTC")
	of, before, _ := logged(w, account, "First", 30)
	fillCampaigns(t, w, account, 30)
	conn := connect(t, w.pg.SuperURL)
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		for i := range 200 {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			_, err := conn.Exec(t.Context(), `
				WITH copied AS (
					INSERT INTO campaigns (book_id, campaign_id, ad_account_id, name, name_key, product, ad_type, ad_id, starts_at, bid_minor, budget_type,
						budget_minor, status, version, created_at, updated_at, budget_edits_on, budget_edits)
					SELECT book_id, gen_random_uuid(), ad_account_id, name, name_key || $3::text, product, ad_type, ad_id, starts_at, bid_minor,
						budget_type, budget_minor, status, version, created_at + $4::integer * interval '1 hour', updated_at, budget_edits_on, budget_edits
					FROM campaigns WHERE book_id = $1 AND campaign_id = $2)
				INSERT INTO click_charges (book_id, campaign_id, posted_at, journal_id, batch, minute_at, impressions, clicks, billable_clicks, billed, unbilled)
				VALUES ($1, $2, $5::timestamptz + $4 * interval '1 hour', gen_random_uuid(), 'late', $5, 0, 0, 0, 0, 0)`,
				of.Book, of.ID, fmt.Sprint("+", i), i+1, began)
			if err != nil {
				stopped <- err
				return
			}
		}
		stopped <- nil
	}()
	first := namesOf(w.listOf(owner, account, campaign.CampaignsQuery{OrderBy: campaign.OrderCreatedAt, Limit: 100}))[:31]
	for range 3 {
		for _, descending := range []bool{false, true} {
			listed := w.listOf(owner, account, campaign.CampaignsQuery{OrderBy: campaign.OrderCreatedAt, Descending: descending, Limit: 7})
			seen := map[ledger.ID]bool{}
			for _, c := range listed {
				if seen[c.ID] {
					t.Errorf("the walk shows %s twice", c.Name)
				}
				seen[c.ID] = true
			}
			names := namesOf(listed)
			if descending {
				slices.Reverse(names)
			}
			if len(names) < 31 || !slices.Equal(names[:31], first) {
				t.Errorf("descending: %t: the walk does not hold what was there: %q", descending, names)
			}
		}
		walked := walkLog(t, 7, campaign.Forward, func(last *campaign.ChargeRow) ([]campaign.ChargeRow, bool) {
			query := campaign.ChargesQuery{Limit: 7}
			if last != nil {
				query.HasKey, query.Key = true, campaign.ChargeKey{PostedAt: last.PostedAt, Journal: last.Journal}
			}
			page := adSection[campaign.ChargePage](w, owner, of, query)
			return page.Charges, page.More
		})
		if len(walked) < len(before) {
			t.Fatalf("the walk shows %d charges of %d", len(walked), len(before))
		}
		if diff := cmp.Diff(before, walked[len(walked)-len(before):]); diff != "" {
			t.Errorf("the walk does not end with the charges that were there (-want +got):\n%s", diff)
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
