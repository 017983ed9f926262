package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// pageRowsMax bounds one page of a list. The statements name it as a constant as
// well: the planner then knows how little is read, also for any parameters.
const pageRowsMax = 100

// Page implements wallet.Reader: one statement for the wallets, and one for each
// distinct section, over all wallets.
func (r *Reader) Page(ctx context.Context, caller domain.Caller, request wallet.PageRequest) (*wallet.Page, error) {
	p := newPageRead(r, caller, request)
	if err := p.queue(request); err != nil {
		return nil, fmt.Errorf("read wallet page: %w", err)
	}
	if err := r.run(ctx, p.batch); err != nil {
		return nil, fmt.Errorf("read wallet page: %w", err)
	}
	p.order(request)
	return p.page, nil
}

// pageRead gathers a page. The wallets arrive before every section, so that each
// section can answer for those that have no row in it.
type pageRead struct {
	reader   *Reader
	question *question
	batch    *pgx.Batch
	page     *wallet.Page
	// single says that one wallet at most is asked for.
	single bool
}

func newPageRead(r *Reader, caller domain.Caller, request wallet.PageRequest) *pageRead {
	refs := distinct(request.Refs)
	if request.Mine {
		refs = nil
	}
	p := &pageRead{
		reader: r, question: r.ask(caller, refs), batch: snapshot(), single: !request.Mine && len(refs) == 1,
		page: &wallet.Page{Sections: map[wallet.SectionKey]any{}},
	}
	p.question.mine = request.Mine
	p.page.Now = p.question.clock.UTC().Truncate(time.Microsecond)
	return p
}

func (p *pageRead) queue(request wallet.PageRequest) error {
	p.wallets(walletsSQL)
	for _, query := range distinct(request.Balances) {
		p.balance(query)
	}
	for _, query := range distinct(request.Lots) {
		if err := checkLimit(query.Limit); err != nil {
			return err
		}
		p.lots(query)
	}
	for _, query := range distinct(request.Holds) {
		if err := checkLimit(query.Limit); err != nil {
			return err
		}
		p.holds(query)
	}
	for _, query := range distinct(request.Limits) {
		p.limits(query)
	}
	for _, query := range distinct(request.Expiring) {
		p.expiring(query)
	}
	for _, query := range distinct(request.Transactions) {
		if err := checkLimit(query.Limit); err != nil {
			return err
		}
		if err := p.transactions(query); err != nil {
			return err
		}
	}
	for _, query := range distinct(request.Spend) {
		p.spend(query)
	}
	return nil
}

func checkLimit(limit int) error {
	if limit < 1 || limit > pageRowsMax {
		return fmt.Errorf("a page of %d rows is outside 1 to %d", limit, pageRowsMax)
	}
	return nil
}

func (p *pageRead) wallets(sql string) {
	p.batch.Queue(sql, p.question.with()...).Query(each(func(rows pgx.Rows) error {
		var w wallet.Wallet
		var reason *string
		var frozen *time.Time
		var member *ledger.ID
		if err := rows.Scan(&w.Book, &w.ID, &w.Owner, &w.Kind, &member, &w.Status, &reason, &frozen, &w.Jurisdiction, &w.TimeZone,
			&w.OpenedAt, &w.Access, &w.Entries, &w.BookSeq, &p.page.Now); err != nil {
			return err
		}
		w.FreezeReason, w.FrozenAt, w.Member = orZero(reason), orZero(frozen), orZero(member)
		p.page.Wallets = append(p.page.Wallets, w)
		return nil
	}))
}

// order puts wallets that were asked for by name into the order of the names.
func (p *pageRead) order(request wallet.PageRequest) {
	if request.Mine {
		return
	}
	found := p.byRef()
	p.page.Wallets = p.page.Wallets[:0:0]
	for _, ref := range distinct(request.Refs) {
		if w, ok := found[ref]; ok {
			p.page.Wallets = append(p.page.Wallets, w)
		}
	}
}

func (p *pageRead) byRef() map[wallet.Ref]wallet.Wallet {
	found := make(map[wallet.Ref]wallet.Wallet, len(p.page.Wallets))
	for _, w := range p.page.Wallets {
		found[w.Ref] = w
	}
	return found
}

// sections reads the rows of one section of every wallet with scan, which adds a
// row to its wallet's section and returns which that is. A wallet without a row
// gets the empty section: the query ran, and nothing is what it found.
func sections[Section any](p *pageRead, query any, scan func(rows pgx.Rows, section func(wallet.Ref) *Section) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		found := make(map[wallet.Ref]*Section, len(p.page.Wallets))
		for _, w := range p.page.Wallets {
			found[w.Ref] = new(Section)
		}
		section := func(ref wallet.Ref) *Section { return found[ref] }
		for rows.Next() {
			if err := scan(rows, section); err != nil {
				return err
			}
		}
		for ref, value := range found {
			p.page.Sections[wallet.SectionKey{Wallet: ref, Query: query}] = *value
		}
		return rows.Err()
	}
}
