package postgres_test

import (
	"cmp"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// listOf walks a list to its end in pages of query.Limit, and returns it in list
// order.
func (w *adWorld) listOf(caller domain.Caller, account campaign.Ref, query campaign.CampaignsQuery) []campaign.Campaign {
	w.t.Helper()
	var walked []campaign.Campaign
	for {
		page := adSection[campaign.ListPage](w, caller, account, query)
		if len(page.Keys) != len(page.Campaigns) || len(page.Campaigns) > query.Limit || (page.More && len(page.Campaigns) < query.Limit) {
			w.t.Fatalf("page of %d campaigns with %d keys, more: %t", len(page.Campaigns), len(page.Keys), page.More)
		}
		if query.Direction == campaign.Backward {
			walked = append(slices.Clone(page.Campaigns), walked...)
		} else {
			walked = append(walked, page.Campaigns...)
		}
		if !page.More {
			return walked
		}
		query.HasKey, query.Key = true, page.Keys[0]
		if query.Direction == campaign.Forward {
			query.Key = page.Keys[len(page.Keys)-1]
		}
	}
}

func namesOf(campaigns []campaign.Campaign) []string {
	names := make([]string, len(campaigns))
	for i, c := range campaigns {
		names[i] = c.Name
	}
	return names
}

// measured is a campaign with what it did in the range.
type measured struct {
	name    string
	id      ledger.ID
	created time.Time
	campaign.Metrics
}

// value is what a campaign is ordered by, nil for null.
func (m measured) value(order campaign.OrderBy) *big.Rat {
	ratio := func(of, by int64) *big.Rat {
		if by == 0 {
			return nil
		}
		return big.NewRat(of, by)
	}
	switch order {
	case campaign.OrderCreatedAt:
		return ratio(m.created.UnixMicro(), 1)
	case campaign.OrderSpendNet:
		return ratio(m.SpendNet(), 1)
	case campaign.OrderImpressions:
		return ratio(m.Impressions, 1)
	case campaign.OrderClicks:
		return ratio(m.Clicks, 1)
	case campaign.OrderCTR:
		return ratio(m.Clicks, m.Impressions)
	case campaign.OrderAvgCPC:
		return ratio(m.SpendGross, m.BillableClicks)
	default:
		return nil
	}
}

// compare says which comes first in a list; null is last whatever the direction,
// and equal values are in the order of ids, which is reversed with the list.
func (m measured) compare(other measured, order campaign.OrderBy, descending bool) int {
	direction := 1
	if descending {
		direction = -1
	}
	byID := direction * slices.Compare(m.id[:], other.id[:])
	if order == campaign.OrderName {
		return cmp.Or(direction*cmp.Compare(campaign.FoldName(m.name), campaign.FoldName(other.name)), byID)
	}
	a, b := m.value(order), other.value(order)
	switch {
	case a == nil && b == nil:
		return byID
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return cmp.Or(direction*a.Cmp(b), byID)
}

// measure creates campaigns whose figures often tie and are often missing.
func measure(w *adWorld, account campaign.Ref, number int) []measured {
	w.t.Helper()
	random := rand.New(rand.NewPCG(7, uint64(number)))
	var all []measured
	for i := range number {
		w.wait(time.Duration(random.IntN(2)) * time.Second)
		m := measured{name: fmt.Sprintf("%c %d", []rune("aBéहZ")[random.IntN(5)], i), created: w.clock()}
		ref := w.campaign(account, m.name, nil)
		m.id = ref.ID
		if random.IntN(4) > 0 {
			m.Metrics = campaign.Metrics{
				Impressions: random.Int64N(3) * 10, Clicks: random.Int64N(4), SpendGross: random.Int64N(4) * 6, Credits: random.Int64N(2), Unbilled: 1,
			}
			m.BillableClicks = min(m.Clicks, random.Int64N(4))
			w.active(account, ref, began, m.Metrics)
		}
		w.active(account, ref, began.AddDate(0, 0, -1), campaign.Metrics{Impressions: int64(i), Clicks: 1000, SpendGross: 999, BillableClicks: 7})
		all = append(all, m)
	}
	return all
}

func TestCampaignOrders(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, owner := w.openAdvertiser("UTC")
	campaigns := measure(w, account, 15)
	var sum campaign.Metrics
	for _, m := range campaigns {
		sum.Impressions, sum.Clicks, sum.BillableClicks = sum.Impressions+m.Impressions, sum.Clicks+m.Clicks, sum.BillableClicks+m.BillableClicks
		sum.SpendGross, sum.Credits, sum.Unbilled = sum.SpendGross+m.SpendGross, sum.Credits+m.Credits, sum.Unbilled+m.Unbilled
	}
	orders := []campaign.OrderBy{
		campaign.OrderCreatedAt, campaign.OrderName, campaign.OrderSpendNet, campaign.OrderImpressions, campaign.OrderClicks, campaign.OrderCTR, campaign.OrderAvgCPC,
	}
	today := between(ledger.DateOf(began), ledger.DateOf(began.AddDate(0, 0, 1)))
	for _, order := range orders {
		for _, descending := range []bool{false, true} {
			want := slices.SortedFunc(slices.Values(campaigns), func(a, b measured) int { return a.compare(b, order, descending) })
			var wantNames []string
			for _, m := range want {
				wantNames = append(wantNames, m.name)
			}
			for _, limit := range []int{1, 4, 100} {
				for _, direction := range []campaign.Direction{campaign.Forward, campaign.Backward} {
					query := campaign.CampaignsQuery{OrderBy: order, Descending: descending, Range: today, Limit: limit, Direction: direction, WithTotals: limit == 4}
					if got := namesOf(w.listOf(owner, account, query)); !slices.Equal(got, wantNames) {
						t.Errorf("%s, descending: %t, pages of %d, direction %d:\n got %q\nwant %q", order, descending, limit, direction, got, wantNames)
					}
				}
			}
			page := adSection[campaign.ListPage](w, owner, account, campaign.CampaignsQuery{OrderBy: order, Range: today, WithTotals: true, Limit: 1})
			if *page.Totals != sum || page.Count != int64(len(campaigns)) {
				t.Errorf("%s: totals %+v of %d, want %+v of %d", order, *page.Totals, page.Count, sum, len(campaigns))
			}
		}
	}
}

// TestCampaignRatiosAreExact orders ratios that differ by less than any float or
// rounded quotient of them does.
func TestCampaignRatiosAreExact(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, owner := w.openAdvertiser("UTC")
	const large = 4_611_686_018_427_387_000
	ratios := map[string]campaign.Metrics{
		"1st": {Clicks: large - 2, Impressions: large - 1}, // 1 − 1/(large−1)
		"2nd": {Clicks: large - 1, Impressions: large},     // 1 − 1/large
		"3rd": {Clicks: 1, Impressions: 1},
	}
	for _, name := range []string{"2nd", "3rd", "1st"} {
		m := ratios[name]
		m.BillableClicks, m.SpendGross = m.Clicks, m.Impressions // the inverse order
		w.active(account, w.campaign(account, name, nil), began, m)
	}
	query := campaign.CampaignsQuery{OrderBy: campaign.OrderCTR, Range: domain.Range{Preset: domain.PresetToday}, Limit: 1}
	if got, want := namesOf(w.listOf(owner, account, query)), []string{"1st", "2nd", "3rd"}; !slices.Equal(got, want) {
		t.Errorf("by CTR %q, want %q", got, want)
	}
	query.OrderBy = campaign.OrderAvgCPC
	if got, want := namesOf(w.listOf(owner, account, query)), []string{"3rd", "2nd", "1st"}; !slices.Equal(got, want) {
		t.Errorf("by AVG_CPC %q, want %q", got, want)
	}
}

func TestCampaignFilters(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, owner := w.openAdvertiser("UTC")
	for name, change := range map[string]func(*campaign.Row){
		"Straße 100%":   func(r *campaign.Row) { r.Status = campaign.StatusDraft },
		"Ärger_im Büro": func(r *campaign.Row) { r.Product, r.AdType = campaign.ProductJob, campaign.EntityJob },
		`back\slash`:    func(r *campaign.Row) { r.StartsAt = began.Add(time.Hour) },
		"poor":          func(r *campaign.Row) { r.Totals = campaign.Totals{} },
		"poor archive":  func(r *campaign.Row) { r.Totals, r.Status = campaign.Totals{}, campaign.StatusArchived },
	} {
		w.campaign(account, name, change)
	}
	all := []string{"back\\slash", "poor", "poor archive", "Straße 100%", "Ärger_im Büro"}
	for name, test := range map[string]struct {
		filter campaign.Filter
		want   []string
	}{
		"nothing":         {campaign.Filter{}, all},
		"status":          {campaign.Filter{Statuses: 1 << 0}, []string{"Straße 100%"}},
		"statuses":        {campaign.Filter{Statuses: 1<<0 | 1<<4}, []string{"poor archive", "Straße 100%"}},
		"product":         {campaign.Filter{Products: 1 << 2}, []string{"Ärger_im Büro"}},
		"state":           {campaign.Filter{States: 1 << 1}, []string{"back\\slash"}},
		"states":          {campaign.Filter{States: 1<<2 | 1<<3}, []string{"poor", "poor archive", "Straße 100%"}},
		"reason":          {campaign.Filter{Reasons: 1 << 2}, []string{"poor"}},
		"reasons":         {campaign.Filter{Reasons: 1<<0 | 1<<1}, []string{"back\\slash", "Straße 100%"}},
		"all_must_hold":   {campaign.Filter{Statuses: 1 << 1, Reasons: 1 << 0}, nil},
		"text":            {campaign.Filter{Text: "OO"}, []string{"poor", "poor archive"}},
		"text_in_case":    {campaign.Filter{Text: " äRGER"}, []string{"Ärger_im Büro"}},
		"percent_is_text": {campaign.Filter{Text: "%"}, []string{"Straße 100%"}},
		"line_is_text":    {campaign.Filter{Text: "_"}, []string{"Ärger_im Büro"}},
		"slash_is_text":   {campaign.Filter{Text: `\`}, []string{"back\\slash"}},
		"sharp_s":         {campaign.Filter{Text: "straẞe"}, []string{"Straße 100%"}},
		"no_such_text":    {campaign.Filter{Text: "poorest"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			query := campaign.CampaignsQuery{Filter: test.filter, OrderBy: campaign.OrderName, Limit: 2}
			if got := namesOf(w.listOf(owner, account, query)); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			page := adSection[campaign.ListPage](w, owner, account, query)
			if page.Count != int64(len(test.want)) || page.Totals != nil {
				t.Errorf("count %d and totals %v, want %d and none", page.Count, page.Totals, len(test.want))
			}
		})
	}
}

// TestCampaignListBeyondItsEnd has no campaign to show, and still says what the list
// is as a whole.
func TestCampaignListBeyondItsEnd(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, owner := w.openAdvertiser("UTC")
	for _, name := range []string{"a", "b"} {
		w.active(account, w.campaign(account, name, nil), began, campaign.Metrics{Clicks: 2})
	}
	query := campaign.CampaignsQuery{
		OrderBy: campaign.OrderClicks, Range: domain.Range{Preset: domain.PresetToday}, Limit: 5, WithTotals: true,
		HasKey: true, Key: campaign.Key{Value: "3", ID: newID()},
	}
	page := adSection[campaign.ListPage](w, owner, account, query)
	if len(page.Campaigns) != 0 || page.More || page.Count != 2 || page.Totals.Clicks != 4 {
		t.Errorf("got %+v", page)
	}
	empty := w.prepaidAccount(newID(), "UTC")
	page = adSection[campaign.ListPage](w, service, empty, query)
	if len(page.Campaigns) != 0 || page.More || page.Count != 0 || *page.Totals != (campaign.Metrics{}) {
		t.Errorf("of no campaign: %+v", page)
	}
}

// TestCampaignListsOfSeveralAccounts ranks each list over the dates of its own ad
// account: where it is the first of March there, and where it is the second already.
func TestCampaignListsOfSeveralAccounts(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	owner := newID()
	west, east := w.prepaidAccount(owner, "Etc/GMT+11"), w.prepaidAccount(owner, "Pacific/Kiritimati") // 01:00 and 02:00 on the next day
	for i, account := range []campaign.Ref{west, east} {
		for n := range 3 {
			of := w.campaign(account, fmt.Sprintf("%d of %d", n, i), nil)
			w.active(account, of, began, campaign.Metrics{Clicks: int64(10*i + n)})
			w.active(account, of, began.Add(-24*time.Hour), campaign.Metrics{Clicks: int64(100 - n)})
		}
	}
	query := campaign.CampaignsQuery{OrderBy: campaign.OrderClicks, Descending: true, Range: domain.Range{Preset: domain.PresetToday}, Limit: 2, WithTotals: true}
	page := w.campaignPage(advertiser(owner), campaign.PageRequest{Mine: true, Lists: []campaign.CampaignsQuery{query}})
	for i, account := range []campaign.Ref{west, east} {
		list := adSectionOf[campaign.ListPage](t, page, account, query)
		want := []string{fmt.Sprintf("2 of %d", i), fmt.Sprintf("1 of %d", i)}
		if got := namesOf(list.Campaigns); !slices.Equal(got, want) || !list.More || list.Count != 3 || list.Totals.Clicks != int64(30*i+3) {
			t.Errorf("list %d: %q of %d with %+v, want %q", i, got, list.Count, list.Totals, want)
		}
	}
}
