package handwritten

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"purser/internal/wallet"
	"purser/ledger"
)

// The arguments in wallet.graphql.
const (
	walletExpiringDays = 30
	walletLotsMax      = 5
)

//go:embed wallet.graphql
var walletDocument string

// walletPage is what a freelancer or an agency opens first: balance, lots, the newest transactions and
// what was spent per day.
var walletPage = Page{
	Name: "wallet", Document: walletDocument, Ranged: true, Root: "wallet",
	keys: walletKeys, kind: kindWallet, mayAsk: mayAskForWallets,
	statements: walletStatements(), answer: answerWallet,
}

func walletStatements() map[string]string {
	all := map[string]string{
		"wallet_facts": `
			SELECT w.rank, w.kind, w.freeze_reason, w.frozen_at, o.time_zone, b.status, b.version, b.credits - b.debits, h.last_posted_at,
				((greatest($8::timestamptz, h.last_posted_at) AT TIME ZONE o.time_zone)::date + $9::integer)::timestamp AT TIME ZONE o.time_zone,
				(SELECT coalesce(sum(CASE WHEN x.credit_normal THEN x.credits - x.debits ELSE x.debits - x.credits END), 0)::bigint
				FROM account_balances x WHERE x.book_id = $1 AND x.account_id = ANY($10::uuid[]))
			FROM (SELECT w.*, ` + rankOf + ` AS rank FROM wallets w WHERE w.book_id = $1::integer AND w.wallet_id = $2::uuid) w
			JOIN owners o ON o.owner_id = w.owner_id JOIN book_heads h ON h.book_id = $1
			JOIN account_balances b ON b.book_id = $1 AND b.account_id = $7::uuid
			WHERE w.rank IS NOT NULL`,
		"wallet_lots": `
			SELECT l.lot_id, l.origin, l.granted, l.remaining, l.expires_at, l.priority, l.money, l.basis_remaining, p.quantity
			FROM lots l LEFT JOIN lot_places p ON p.book_id = l.book_id AND p.account_id = $7::uuid AND p.lot_id = l.lot_id
			WHERE l.book_id = $1 AND l.wallet_id = $2 AND l.remaining > 0 AND ` + visible + `
			ORDER BY l.priority, l.expires_at, l.lot_id`,
	}
	bothWays(all, "wallet_transactions", func(member bool) string {
		return `WITH ` + page(member) + `
			SELECT p.journal_id, p.posted_at, p.version, p.net, p.balance, j.type, j.subject_type, j.subject_id
			FROM page p JOIN journals j ON j.book_id = $1 AND j.journal_id = p.journal_id
			WHERE ` + visible + ` ORDER BY p.posted_at DESC, p.version DESC`
	})
	bothWays(all, "wallet_spend", func(member bool) string {
		return `
			SELECT s.bucket_at, s.consumed - s.returned FROM wallet_spend s
			WHERE s.book_id = $1 AND s.wallet_id = $2 AND s.bucket_at >= $7::timestamptz AND s.bucket_at < $8::timestamptz
				AND ` + visible + ` AND ` + mine(member, "s.initiated_by", "$9")
	})
	return all
}

// heldClasses are the accounts that hold a wallet's Connects for later, by the chart.
var heldClasses = slices.DeleteFunc(wallet.Chart(), func(class ledger.Class) bool { return !strings.HasPrefix(class.Name, "WALLET:*:HELD:") })

// walletFacts is the row of wallet_facts with what the page makes of it.
type walletFacts struct {
	found     bool
	rank      int32
	version   int64
	available int64 // by the ledger, expired units included
	held      int64
	now       int64 // the snapshot's instant, Unix microseconds, as are all below
	horizon   int64 // what expires before it will soon
	frozenAt  int64
	zone      *time.Location

	kind, status, freezeReason []byte
}

func (f *walletFacts) seesBasis() bool { return f.rank != rankMember }

func answerWallet(ctx context.Context, s *server, a *ask, out []byte) ([]byte, error) {
	reach := a.reach()
	held := make([][16]byte, len(heldClasses))
	for i, class := range heldClasses {
		held[i] = ledger.AccountID(a.book, strings.Replace(class.Name, "*", a.object.String(), 1), ledger.CNX)
	}
	statements := []statement{
		{"wallet_facts", with(reach, a.now, int32(walletExpiringDays), held)},
		{"wallet_lots", reach},
		a.initiated("wallet_transactions", reach),
		a.initiated("wallet_spend", with(reach[:rankParameters], a.from.Add(-zoneOffsetMax), a.to.Add(zoneOffsetMax))),
	}
	err := s.snapshot(ctx, statements, func(r *results) error {
		facts, err := s.readFacts(r, a)
		if err != nil || !facts.found {
			out = append(out, `{"wallet":null}`...)
			return err
		}
		lots, err := readLots(r, facts)
		if err != nil {
			return fmt.Errorf("read lots: %w", err)
		}
		out = appendWallet(out, a, facts, lots)
		if out, err = appendTransactions(out, r, a, facts); err != nil {
			return fmt.Errorf("read transactions: %w", err)
		}
		if out, err = appendSpend(out, r, a, facts); err != nil {
			return fmt.Errorf("read spend: %w", err)
		}
		out = append(out, `}}`...)
		return nil
	})
	return out, err
}

func (s *server) readFacts(r *results, a *ask) (*walletFacts, error) {
	f := &walletFacts{}
	var zone string
	err := r.each(func(row *row) {
		f.found, f.rank = true, row.integer()
		f.kind, f.freezeReason, f.frozenAt = slices.Clone(row.text()), slices.Clone(row.text()), row.instant()
		zone, f.status = string(row.text()), slices.Clone(row.text())
		f.version, f.available = row.bigint(), row.bigint()
		f.now = max(a.now.UnixMicro(), row.instant())
		f.horizon, f.held = row.instant(), row.bigint()
	})
	if err != nil || !f.found {
		return f, err
	}
	f.zone, err = s.zone(zone)
	return f, err
}

func appendWallet(out []byte, a *ask, f *walletFacts, lots *walletLots) []byte {
	out = append(out, `{"wallet":{"id":"`...)
	out = append(out, a.id...)
	out = append(out, `","kind":`...)
	out = appendName(out, f.kind)
	out = append(out, `,"status":`...)
	out = appendName(out, f.status)
	out = append(out, `,"freeze":`...)
	if f.freezeReason == nil {
		out = append(out, "null"...)
	} else {
		out = append(out, `{"reason":`...)
		out = appendName(out, f.freezeReason)
		out = append(out, `,"since":`...)
		out = append(appendInstant(out, f.frozenAt), '}')
	}
	out = appendPermissions(append(out, `,"permissions":`...), f)
	out = appendBalance(append(out, `,"balance":`...), f, lots)
	out = lots.appendExpiring(append(out, `,"expiring":`...))
	return lots.appendPage(append(out, `,"lots":`...), f)
}

func appendPermissions(out []byte, f *walletFacts) []byte {
	begin := len(out)
	out = append(out, `{"canSpend":true,"reasons":[`...)
	reasons := len(out)
	switch ledger.AccountStatus(f.status) {
	case ledger.StatusFrozen:
		out = append(out, `"WALLET_FROZEN"`...)
	case ledger.StatusClosed:
		out = append(out, `"WALLET_CLOSED"`...)
	case ledger.StatusActive:
	}
	if f.rank == rankAll {
		if len(out) > reasons {
			out = append(out, ',')
		}
		out = append(out, `"ROLE_NOT_ALLOWED"`...)
	}
	if len(out) > reasons {
		out = slices.Replace(out, begin, reasons, []byte(`{"canSpend":false,"reasons":[`)...)
	}
	return append(out, `]}`...)
}

func appendBalance(out []byte, f *walletFacts, lots *walletLots) []byte {
	available := f.available - lots.expired
	out = appendInt(append(out, `{"posted":`...), available+f.held)
	out = appendInt(append(out, `,"held":`...), f.held)
	out = appendInt(append(out, `,"available":`...), available)
	out = appendInstant(append(out, `,"asOf":`...), f.now)
	out = append(out, `,"approximate":`...)
	if money, minor, one := lots.cost(); one && f.seesBasis() {
		out = appendMoney(out, money, minor)
	} else {
		out = append(out, "null"...)
	}
	return append(out, '}')
}

func appendTransactions(out []byte, r *results, a *ask, f *walletFacts) ([]byte, error) {
	out = append(out, `,"transactions":{"nodes":[`...)
	var page transactionsPage
	err := r.each(func(row *row) {
		journal, _ := row.id()
		if !page.next(journal, row.instant(), row.bigint()) {
			return
		}
		if page.rows > 1 {
			out = append(out, ',')
		}
		out = append(out, `{"id":"`...)
		out = appendTransactionID(out, a, journal)
		net, balance := row.bigint(), row.bigint()
		out = appendName(append(out, `","type":`...), row.text())
		out = appendInt(append(out, `,"amount":`...), net)
		out = appendInt(append(out, `,"runningBalance":`...), balance)
		out = appendInstant(append(out, `,"postedAt":`...), page.postedAt)
		out = append(out, `,"subject":`...)
		if subject := row.text(); subject != nil {
			out = appendName(append(out, `{"type":`...), subject)
			out = append(appendName(append(out, `,"id":`...), row.text()), '}', '}')
			return
		}
		out = append(out, `null}`...)
	})
	out = appendBool(append(out, `],"pageInfo":{"hasNextPage":`...), page.more)
	out = page.appendEnd(append(out, `,"endCursor":`...))
	out = appendTotal(append(out, `},"totalCount":`...), f.rank, f.version)
	return append(out, '}'), err
}

// appendTotal appends the length of the whole history: not for a member, who does not see all of it.
func appendTotal(out []byte, rank int32, version int64) []byte {
	if rank == rankMember || version > math.MaxInt32 {
		return append(out, "null"...)
	}
	return appendInt(out, version)
}
