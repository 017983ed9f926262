package resolvers_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/obs"
	"purser/resolvers"
)

const clicksQuery = `{ analytics(query: {dataset: AD_SPEND, metrics: [CLICKS], dimensions: [AD_ACCOUNT], range: {preset: THIS_MONTH}}) {
	minimumParties rows { isOther cells { ... on StringCell { string id } ... on IntCell { int } } } totals { cells { ... on IntCell { int } } }
} }`

// Who has several roles gets the widest of their scopes, and a role without a
// membership on record gets nothing.
func TestScopesOfAnalytics(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	id := func(name string) string { return w.names[name] }
	own := func(rows, total string) string {
		return `{"minimumParties":0,"rows":[` + rows + `],"totals":{"cells":[null,{"int":` + total + `}]}}`
	}
	row := func(name, id, clicks string) string {
		return fmt.Sprintf(`{"cells":[{"id":%q,"string":%q},{"int":%s}],"isOther":false}`, id, name, clicks)
	}
	acmes, priyas, jonas := row("Acme hiring", id("acme"), "53"), row("Priya", id("priyaAds"), "5"), row("Jonas", id("foreignAds"), "2")
	const tooFew = `{"minimumParties":20,"rows":[],"totals":null}`
	everyone := own(acmes+","+jonas+","+priyas, "60")
	for name, c := range map[string]struct{ token, want string }{
		"analyst":                  {benSays, own(acmes, "53")},
		"administrator":            {anaSays, own(acmes, "53")},
		"owner":                    {priyaSays, own(priyas, "5")},
		"pretender":                {pretenderSays, own("", "0")},
		"manager":                  {"pia PRODUCT_MANAGER", tooFew},
		"manager_who_analyses":     {benSays + " PRODUCT_MANAGER", tooFew},
		"finance":                  {financeToken, everyone},
		"auditor_who_is_a_manager": {"amy AUDITOR PRODUCT_MANAGER", everyone},
		"finance_who_freelances":   {jonasSays + " FINANCE", everyone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := marshal(t, w.data(c.token, clicksQuery, nil).at("analytics")); got != c.want {
				t.Errorf("answer = %s, want %s", got, c.want)
			}
		})
	}
}

// What the catalogue lists is what can be asked: each dataset that it leaves out is
// refused by name, and no other.
func TestCatalogIsWhatCanBeAsked(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	for _, token := range []string{benSays, anaSays, priyaSays, financeToken, "amy AUDITOR", "pia PRODUCT_MANAGER", benSays + " PRODUCT_MANAGER"} {
		catalog := w.data(token, `{ analyticsCatalog { datasets { dataset metrics { metric needsCommodity dimensions } } } }`, nil)
		listed := map[string]bool{}
		for i := range catalog.at("analyticsCatalog", "datasets").([]any) {
			info := object(catalog.at("analyticsCatalog", "datasets", i).(map[string]any))
			listed[info.text("dataset")] = true
			for m := range info.at("metrics").([]any) {
				by := strings.Join(strings.Fields(strings.Trim(info.text("metrics", m, "dimensions"), "[]"))[:1], ",")
				if info.at("metrics", m, "needsCommodity") == true {
					by = "COMMODITY"
				}
				w.data(token, fmt.Sprintf(`{ analytics(query: {dataset: %s, metrics: [%s], dimensions: [%s], range: {preset: YESTERDAY}}) { rowCount } }`,
					info.text("dataset"), info.text("metrics", m, "metric"), by), nil)
			}
		}
		for dataset, metric := range map[string]string{"AD_SPEND": "CLICKS", "WALLET_FLOWS": "UNITS_IN"} {
			a := w.do(token, fmt.Sprintf(`{ analytics(query: {dataset: %s, metrics: [%s], range: {preset: YESTERDAY}}) { rowCount } }`, dataset, metric), nil)
			if want := map[bool]string{true: "", false: "FORBIDDEN"}[listed[dataset]]; a.code() != want || !listed["AD_SPEND"] {
				t.Errorf("as %s %s, which is listed: %v, answers %s", token, dataset, listed[dataset], a.raw)
			}
			if !listed[dataset] && (a.argument() != "query.dataset" || !strings.Contains(a.Errors[0].Message, dataset)) {
				t.Errorf("as %s the refusal %s does not name the dataset", token, a.raw)
			}
		}
	}
}

// A product manager sees what 20 parties have in common, without ids, and the rest
// as one row.
func TestManagersSeeAggregates(t *testing.T) {
	t.Parallel()
	w := adWorld{newWorld(t)}
	for n := range 22 {
		who := party(uint64(200 + n))
		says := who.String() + " FREELANCER"
		account := w.freelancer(who, "IN", "Asia/Kolkata", fmt.Sprintf("Freelancer %d", n), 40)
		campaign := w.create(says, account, plan{"Profile", "BOOSTED_PROFILE", "DAILY", "", 5, 20, 20})
		w.record(campaign, w.clock(), clicks{100, 2, 8})
	}
	const query = `query($by: [Dimension!]!) { analytics(query: {dataset: AD_SPEND, metrics: [SPEND_NET, CTR], dimensions: $by, filter: {commodities: [CNX]}, range: {preset: TODAY}}) {
		rows { isOther cells { ... on StringCell { string id } ... on AmountCell { amount { decimal } } ... on DecimalCell { decimal } } }
		totals { cells { ... on AmountCell { amount { decimal } } ... on DecimalCell { decimal } } } minimumParties rowCount truncated
	} }`
	for by, want := range map[string]string{
		"PRODUCT":  `{"minimumParties":20,"rowCount":1,"rows":[{"cells":[{"id":null,"string":"BOOSTED_PROFILE"},{"amount":{"decimal":"176"}},{"decimal":"0.020000"}],"isOther":false}],"totals":{"cells":[null,{"amount":{"decimal":"176"}},{"decimal":"0.020000"}]},"truncated":false}`,
		"CAMPAIGN": `{"minimumParties":20,"rowCount":1,"rows":[{"cells":[{"id":null,"string":"OTHER"},{"amount":{"decimal":"176"}},{"decimal":"0.020000"}],"isOther":true}],"totals":{"cells":[null,{"amount":{"decimal":"176"}},{"decimal":"0.020000"}]},"truncated":false}`,
	} {
		got := marshal(t, w.data("pia PRODUCT_MANAGER", query, map[string]any{"by": []string{by}}).at("analytics"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", by, diff)
		}
	}
}

// analyst is a reader that answers every question with an error, and remembers it.
type analyst struct {
	resolvers.Reader
	err   error
	asked *[]analytics.Query
}

func (a analyst) Analyse(_ context.Context, _ analytics.Scope, query analytics.Query) (*analytics.Result, error) {
	*a.asked = append(*a.asked, query)
	return nil, a.err
}

// CampaignPage fails as Analyse does.
func (a analyst) CampaignPage(context.Context, domain.Caller, campaign.PageRequest) (*campaign.Page, error) {
	return nil, a.err
}

// Errors that only storage can find are told by their code, and what is no refusal
// is hidden.
func TestErrorsOfReaders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err              error
		analytics, pages string
	}{
		"groups": {
			fmt.Errorf("analyse: %w", analytics.TooManyGroups()),
			`{"argument":"query.dimensions","code":"LIMIT_EXCEEDED","limit":"groups","max":100000}`, `"code":"INTERNAL"`,
		},
		"unavailable": {fmt.Errorf("read: %w", domain.ErrUnavailable), `"code":"UNAVAILABLE"`, `"code":"UNAVAILABLE"`},
		"other":       {fmt.Errorf("a secret of the database"), `"code":"INTERNAL"`, `"code":"INTERNAL"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked []analytics.Query
			handler := newHandler(t, resolvers.Config{
				Reader: analyst{err: c.err, asked: &asked}, Clock: func() time.Time { return began }, Log: obs.NewLogger(io.Discard, obs.Production), RequestID: obs.RequestID,
			})
			for query, want := range map[string]string{
				clicksQuery:                               c.analytics,
				`{ adAccount(id: "AQ") { name } }`:        c.pages,
				`{ campaign(id: "AQ") { name } }`:         c.pages,
				`{ viewer { adAccounts { name } } }`:      c.pages,
				`{ nodes(ids: ["` + adID + `"]) { id } }`: c.pages,
			} {
				a := do(t, t.Context(), handler, request{token: financeToken, query: query})
				if !strings.Contains(a.raw, want) || len(a.Errors) != 1 || strings.Contains(a.raw, "secret") {
					t.Errorf("%s = %s, want %s", query, a.raw, want)
				}
			}
			if len(asked) != 1 {
				t.Errorf("%d questions were asked, want 1", len(asked))
			}
		})
	}
}

// adID is the opaque id of some ad account.
const adID = "AQUAAAACAZypRQoAcACAAAAAAAAADg"
