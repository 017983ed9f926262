package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

const (
	// What the rollup says of campaigns' spans of dates, and what the ledger does.
	// $1 to $5 are those of figures in dates, $6 to $11 the same in instants, with
	// the escrow and the account that funds it for the campaign. Whatever leaves
	// escrow for another place than its funder is spend, whatever comes back from
	// another is credit, and neither is known by a list of types or accounts that
	// could forget one. Journals are posted after what they record, by the clock of
	// the same process; a day's leave for that clock still keeps a campaign's older
	// history from being read.
	reconciliationSQL = `-- name: reconciliation
	SELECT place, coalesce(sum(spend), 0)::bigint, coalesce(sum(posted), 0)::bigint FROM (
		SELECT n.place, m.spend_gross - m.credits AS spend, NULL::bigint AS posted` + dailyFigures + `
		UNION ALL
		SELECT n.place, NULL, p.amount` + escrowSpans + `
		JOIN postings p ON p.book_id = n.book_id AND p.debit_account = n.escrow AND p.posted_at >= n.since - interval '1 day'
		JOIN journals j ON j.book_id = p.book_id AND j.journal_id = p.journal_id
		WHERE p.credit_account <> n.funder AND j.effective_at >= n.since AND j.effective_at < n.until
		UNION ALL
		SELECT n.place, NULL, -p.amount` + escrowSpans + `
		JOIN postings p ON p.book_id = n.book_id AND p.credit_account = n.escrow AND p.posted_at >= n.since - interval '1 day'
		JOIN journals j ON j.book_id = p.book_id AND j.journal_id = p.journal_id
		WHERE p.debit_account <> n.funder AND j.effective_at >= n.since AND j.effective_at < n.until
	) sides GROUP BY place`
	escrowSpans = `
		FROM unnest($6::integer[], $7::uuid[], $8::uuid[], $9::timestamptz[], $10::timestamptz[], $11::integer[])
			AS n (book_id, escrow, funder, since, until, place)`

	walletOwnerSQL = `-- name: wallet_owner
		SELECT owner_id FROM wallets WHERE book_id = $1 AND wallet_id = $2`
)

func (p *campaignRead) reconciliation(batch *pgx.Batch, query campaign.ReconciliationQuery) error {
	answers, days, instants := make([]campaign.Reconciliation, len(p.found)), &spans{}, &spans{}
	var escrows, funders []ledger.ID
	for i, c := range p.found {
		dates, err := p.dates(query.Range, c.TimeZone)
		if err == nil {
			err = days.addDates(c, dates, false, c.TimeZone, i)
		}
		if err == nil {
			err = instants.addDates(c, dates, true, c.TimeZone, i)
		}
		if err != nil {
			return fmt.Errorf("reconciliation of campaign %s: %w", c.ID, err)
		}
		escrow := ledger.AccountID(c.Book, campaign.EscrowCode(c.ID, c.Commodity), c.Commodity)
		for len(escrows) < len(instants.ids) {
			escrows, funders = append(escrows, escrow), append(funders, funderOf(c))
		}
		answers[i] = campaign.Reconciliation{From: dates.From, To: dates.To}
	}
	batch.Queue(reconciliationSQL, append(days.columns(),
		instants.books, escrows, funders, instants.since, instants.until, instants.places)...).
		Query(answered(p, query, answers, func(rows pgx.Rows) error {
			var place int
			var spend, posted int64
			err := rows.Scan(&place, &spend, &posted)
			if err != nil {
				return err
			}
			answers[place].Spend, answers[place].Ledger = spend, posted
			return nil
		}))
	return nil
}

// funderOf is the account that a campaign's escrow is filled from and given back
// to.
func funderOf(c campaign.Campaign) ledger.ID {
	if c.Commodity == ledger.CNX {
		return ledger.AccountID(c.Book, wallet.AvailableCode(c.Wallet), c.Commodity)
	}
	return ledger.AccountID(c.Book, campaign.PrepaidCode(c.AdAccount), c.Commodity)
}

// WalletOwner returns whose a wallet is, which never changes. It returns
// domain.ErrNotFound where the book has no such wallet.
func (r *Reader) WalletOwner(ctx context.Context, book ledger.BookID, id ledger.ID) (ledger.ID, error) {
	var owner ledger.ID
	err := r.pool.QueryRow(ctx, walletOwnerSQL, book, id).Scan(&owner)
	if errors.Is(err, pgx.ErrNoRows) {
		err = domain.ErrNotFound
	}
	if err != nil {
		return ledger.NilID, fmt.Errorf("read owner of wallet %s: %w", id, unavailable(err))
	}
	return owner, nil
}
