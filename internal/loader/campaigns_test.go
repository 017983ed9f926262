package loader_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/loader"
)

func adRef(n byte) campaign.Ref { return campaign.Ref{Book: 1, ID: id(n)} }

// lister is a list of campaigns that finds those with the numbers 21 and 23.
var lister = campaign.CampaignsQuery{OrderBy: campaign.OrderName, Limit: 10}

func (s *shelf) CampaignPage(_ context.Context, caller domain.Caller, request campaign.PageRequest) (*campaign.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ads, s.callers = append(s.ads, request), append(s.callers, caller)
	if s.broken {
		panic("a page without a reader")
	}
	page := &campaign.Page{Now: now, Sections: map[campaign.SectionKey]any{}}
	for _, ref := range request.AdAccounts {
		for _, query := range request.Lists {
			if known(ref.ID) {
				page.Sections[campaign.SectionKey{Of: ref, Query: query}] = campaign.ListPage{
					Campaigns: []campaign.Campaign{campaignOf(21), campaignOf(23)}, Count: int64(ref.ID[15]),
				}
			}
		}
	}
	for _, ref := range request.Campaigns {
		if !known(ref.ID) {
			continue
		}
		page.Campaigns = append(page.Campaigns, campaignOf(ref.ID[15]))
		for _, query := range request.Reconciliations {
			page.Sections[campaign.SectionKey{Of: ref, Query: query}] = campaign.Reconciliation{Spend: int64(ref.ID[15])}
		}
	}
	return page, s.fail
}

func campaignOf(n byte) campaign.Campaign {
	return campaign.Campaign{Row: campaign.Row{ID: id(n), Version: int64(n)}, Book: 1}
}

var reconciled = campaign.ReconciliationQuery{Range: domain.Range{Preset: domain.PresetToday}}

func TestCampaignsAnswerInTheOrderOfKeys(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	l, stats := newLoaders(s)
	found, err := l.Campaigns(t.Context(), []campaign.Ref{adRef(5), adRef(2), adRef(3), adRef(5)})
	if err != nil || found[0].Version != 5 || found[1] != nil || found[2].Version != 3 || found[3].Version != 5 {
		t.Errorf("campaigns = %v, %v", found, err)
	}
	if diff := cmp.Diff([]campaign.PageRequest{{Campaigns: []campaign.Ref{adRef(5), adRef(2), adRef(3)}}}, s.ads); diff != "" || stats.Batches() != 1 {
		t.Errorf("%d batches read (-want +got):\n%s", stats.Batches(), diff)
	}
}

// Sections of ad accounts and of campaigns are keyed by the objects that they are of.
func TestCampaignSectionsAreFewPages(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	l, stats := newLoaders(s)
	var all sync.WaitGroup
	for n := byte(1); n <= 6; n++ {
		for _, query := range []any{lister, reconciled} {
			all.Go(func() {
				section, err := l.CampaignSection(t.Context(), campaign.SectionKey{Of: adRef(n), Query: query})
				switch {
				case err != nil:
					t.Error(err)
				case (section != nil) != known(id(n)):
					t.Errorf("%T of %d = %v", query, n, section)
				case section != nil && !section.Now.Equal(now):
					t.Errorf("%T of %d is of %s, want the instant of its page", query, n, section.Now)
				}
			})
		}
	}
	all.Wait()
	if stats.Batches() != int64(len(s.ads)) || stats.Batches() > 4 {
		t.Errorf("%d batches made %d pages, want a few", stats.Batches(), len(s.ads))
	}
	for _, got := range s.callers {
		if diff := cmp.Diff(caller, got); diff != "" {
			t.Errorf("read as another caller:\n%s", diff)
		}
	}
}

func TestPrimedCampaignsRunNoBatch(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	l, stats := newLoaders(s)
	request := campaign.PageRequest{AdAccounts: []campaign.Ref{adRef(1)}, Campaigns: []campaign.Ref{adRef(3), adRef(4)}}
	for range 2 {
		loader.AddCampaignSection(&request, lister)
		loader.AddCampaignSection(&request, reconciled)
	}
	page, err := s.CampaignPage(t.Context(), caller, request)
	if err != nil || len(request.Lists) != 1 || len(request.Reconciliations) != 1 {
		t.Fatalf("request %+v, %v: want each query once", request, err)
	}
	l.PrimeCampaignPage(t.Context(), request, page)
	for n, want := range map[byte]int64{3: 3, 4: 0, 21: 21, 23: 23} {
		found, err := l.Campaigns(t.Context(), []campaign.Ref{adRef(n)})
		if err != nil || (found[0] != nil) != (want != 0) || (found[0] != nil && found[0].Version != want) {
			t.Errorf("campaign %d = %v, %v", n, found[0], err)
		}
	}
	for _, key := range []campaign.SectionKey{{Of: adRef(1), Query: lister}, {Of: adRef(3), Query: reconciled}} {
		if section, err := l.CampaignSection(t.Context(), key); section == nil || err != nil {
			t.Errorf("section %+v = %v, %v", key, section, err)
		}
	}
	if stats.Batches() != 0 {
		t.Errorf("%d batches ran, want none", stats.Batches())
	}
}

func TestCampaignErrorsReachEveryKey(t *testing.T) {
	t.Parallel()
	l, _ := newLoaders(&shelf{fail: domain.ErrUnavailable})
	if _, err := l.Campaigns(t.Context(), []campaign.Ref{adRef(1), adRef(3)}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("campaigns: %v, want ErrUnavailable", err)
	}
	if _, err := l.CampaignSection(t.Context(), campaign.SectionKey{Of: adRef(1), Query: reconciled}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("section: %v, want ErrUnavailable", err)
	}
}

func TestAddCampaignSectionKnowsEveryQuery(t *testing.T) {
	t.Parallel()
	var request campaign.PageRequest
	for _, query := range []any{
		campaign.CampaignsQuery{},
		campaign.PerformanceQuery{},
		campaign.SeriesQuery{},
		campaign.ChargesQuery{},
		campaign.ChangesQuery{},
		campaign.ReconciliationQuery{},
	} {
		loader.AddCampaignSection(&request, query)
	}
	n := len(request.Lists) + len(request.Performance) + len(request.Series) + len(request.Charges) + len(request.Changes) + len(request.Reconciliations)
	if n != 6 {
		t.Errorf("request = %+v, want each query once", request)
	}
	defer func() {
		if recover() == nil {
			t.Error("a query of nobody's was taken")
		}
	}()
	loader.AddCampaignSection(&request, "performance")
}
