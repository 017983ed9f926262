package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/campaign"
	"purser/internal/domain"
)

var (
	_ campaign.Reader    = (*Reader)(nil)
	_ campaign.Directory = (*Reader)(nil)
)

// CampaignPage implements campaign.Reader: one statement for the ad accounts, one
// for the campaigns by name, and one for each distinct list and section, over all
// of them. Local dates depend on time zones that only the first answer tells, and
// lists say of what campaigns the sections are: a page takes one round trip where it
// needs neither, and three at most, all in one snapshot.
func (r *Reader) CampaignPage(ctx context.Context, caller domain.Caller, request campaign.PageRequest) (*campaign.Page, error) {
	p := newCampaignRead(r, caller, request)
	err := p.check()
	if err == nil {
		err = r.converse(ctx, p.trips())
	}
	if err != nil {
		return nil, fmt.Errorf("read campaign page: %w", err)
	}
	p.order()
	return p.page, nil
}

// converse sends a batch for each trip, all in one snapshot on one connection. A
// trip is put together when the answers to those before it have been read.
func (r *Reader) converse(ctx context.Context, trips []func(*pgx.Batch) error) error {
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return unavailable(fmt.Errorf("acquire a connection: %w", err))
	}
	defer conn.Release()
	batch := snapshot()
	for i, trip := range trips {
		err := trip(batch)
		if err == nil {
			if i == len(trips)-1 {
				batch.Queue(endSnapshot)
			}
			err = unavailable(conn.SendBatch(ctx, batch).Close())
		}
		if err != nil {
			rollBack(ctx, conn)
			return err
		}
		batch = &pgx.Batch{}
	}
	return nil
}

// campaignRead gathers a page.
type campaignRead struct {
	reader   *Reader
	request  campaign.PageRequest
	question *campaignQuestion
	page     *campaign.Page
	// found are the campaigns by name, then those of lists, each once: all that
	// sections are of.
	found []campaign.Campaign
	seen  map[campaign.Ref]bool
}

func newCampaignRead(r *Reader, caller domain.Caller, request campaign.PageRequest) *campaignRead {
	p := &campaignRead{
		reader: r, request: request, question: r.askCampaigns(caller, request), seen: map[campaign.Ref]bool{},
		page: &campaign.Page{Sections: map[campaign.SectionKey]any{}},
	}
	p.page.Now = p.question.clock
	return p
}

// check refuses what no ad account could answer, before anything is read: whether
// the caller sees one must not decide what a bad request is told.
func (p *campaignRead) check() error {
	var checks []error
	span := func(dates domain.Range, compare, zone string) {
		_, err := dates.Resolve(time.UTC, p.question.clock)
		checks = append(checks, err)
		if zone != "" {
			checks = append(checks, domain.CheckZone("timeZone", zone))
		}
		if !domain.Comparison(compare).Known() {
			checks = append(checks, domain.Invalid("compare", "must be a known comparison, got %q", compare))
		}
	}
	for _, query := range p.request.Lists {
		checks = append(checks, checkLimit(query.Limit), checkCampaignList(query))
		if ranged(query) {
			span(query.Range, "", "")
		}
	}
	for _, query := range p.request.Performance {
		span(query.Range, query.Compare, query.Zone)
	}
	for _, query := range p.request.Series {
		span(query.Range, "", query.Zone)
	}
	for _, query := range p.request.Reconciliations {
		span(query.Range, "", "")
	}
	for _, query := range p.request.Charges {
		checks = append(checks, checkLimit(query.Limit))
	}
	for _, query := range p.request.Changes {
		checks = append(checks, checkLimit(query.Limit))
	}
	return domain.First(checks...)
}

// trips plans the round trips by the shape of the request alone.
func (p *campaignRead) trips() []func(*pgx.Batch) error {
	trips := []func(*pgx.Batch) error{p.objects}
	lists := false
	for _, query := range p.request.Lists {
		lists = lists || ranged(query)
	}
	if lists {
		trips = append(trips, p.rankings)
	}
	ranges := len(p.request.Performance) + len(p.request.Series) + len(p.request.Reconciliations)
	if ranges > 0 || (len(p.request.Lists) > 0 && len(p.request.Charges)+len(p.request.Changes) > 0) {
		trips = append(trips, p.sections)
	}
	return trips
}

// objects is the first trip: what is asked for itself, and what needs no more.
func (p *campaignRead) objects(batch *pgx.Batch) error {
	if p.request.Mine || len(p.request.AdAccounts) > 0 {
		p.adAccounts(batch)
	}
	if len(p.question.campaigns) > 0 {
		p.campaigns(batch)
	}
	for _, query := range distinct(p.request.Lists) {
		if !ranged(query) {
			if err := p.list(batch, query); err != nil {
				return err
			}
		}
	}
	if len(p.request.Lists) == 0 {
		p.logs(batch)
	}
	return nil
}

// rankings are the lists whose order or totals are over local dates.
func (p *campaignRead) rankings(batch *pgx.Batch) error {
	for _, query := range distinct(p.request.Lists) {
		if ranged(query) {
			if err := p.list(batch, query); err != nil {
				return err
			}
		}
	}
	return nil
}

// sections are those of campaigns that are all known by now.
func (p *campaignRead) sections(batch *pgx.Batch) error {
	for _, query := range distinct(p.request.Performance) {
		if err := p.performance(batch, query); err != nil {
			return err
		}
	}
	for _, query := range distinct(p.request.Series) {
		if err := p.series(batch, query); err != nil {
			return err
		}
	}
	for _, query := range distinct(p.request.Reconciliations) {
		if err := p.reconciliation(batch, query); err != nil {
			return err
		}
	}
	if len(p.request.Lists) > 0 {
		p.question.campaigns = p.refs()
		p.logs(batch)
	}
	return nil
}

// logs are the charges and the change logs, of the campaigns of the question.
func (p *campaignRead) logs(batch *pgx.Batch) {
	for _, query := range distinct(p.request.Charges) {
		p.charges(batch, query)
	}
	for _, query := range distinct(p.request.Changes) {
		p.changes(batch, query)
	}
}

// find adds a campaign that sections are to be of.
func (p *campaignRead) find(c campaign.Campaign) {
	if !p.seen[c.Ref()] {
		p.seen[c.Ref()] = true
		p.found = append(p.found, c)
	}
}

func (p *campaignRead) refs() []campaign.Ref {
	refs := make([]campaign.Ref, len(p.found))
	for i := range p.found {
		refs[i] = p.found[i].Ref()
	}
	return refs
}

// order puts what was asked for by name into the order of the names.
func (p *campaignRead) order() {
	if p.request.Mine {
		return
	}
	accounts, campaigns := p.page.AdAccounts, p.page.Campaigns
	p.page.AdAccounts = inOrder(distinct(p.request.AdAccounts), accounts, func(a campaign.AdAccount) campaign.Ref { return a.Ref })
	p.page.Campaigns = inOrder(distinct(p.request.Campaigns), campaigns, campaign.Campaign.Ref)
}

func inOrder[T any](refs []campaign.Ref, found []T, refOf func(T) campaign.Ref) []T {
	byRef := make(map[campaign.Ref]T, len(found))
	for _, object := range found {
		byRef[refOf(object)] = object
	}
	ordered := found[:0:0]
	for _, ref := range refs {
		if object, ok := byRef[ref]; ok {
			ordered = append(ordered, object)
		}
	}
	return ordered
}

// sectionsOf reads the rows of one section of every campaign with scan, which adds
// a row to its campaign's section. A campaign without a row has the empty section:
// the query ran, and nothing is what it found.
func sectionsOf[Section any](p *campaignRead, query any, scan func(rows pgx.Rows, section func(campaign.Ref) *Section) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		found := make(map[campaign.Ref]*Section, len(p.found))
		for _, c := range p.found {
			found[c.Ref()] = new(Section)
		}
		section := func(ref campaign.Ref) *Section { return found[ref] }
		for rows.Next() {
			if err := scan(rows, section); err != nil {
				return err
			}
		}
		for ref, section := range found {
			p.page.Sections[campaign.SectionKey{Of: ref, Query: query}] = *section
		}
		return rows.Err()
	}
}
