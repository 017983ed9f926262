package handwritten

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgtype"

	"purser/internal/domain"
	"purser/ledger"
)

//go:embed history.graphql
var historyDocument string

// historyPage is a page of a wallet's history with all that its rows refer to: why, which lots, and what
// undid what.
var historyPage = Page{
	Name: "history", Document: historyDocument, Root: "wallet",
	keys: walletKeys, kind: kindWallet, mayAsk: mayAskForWallets,
	statements: historyStatements(), answer: answerHistory,
}

func historyStatements() map[string]string {
	all := map[string]string{
		"history_facts": `
			SELECT w.rank, b.version
			FROM (SELECT ` + rankOf + ` AS rank FROM wallets w WHERE w.book_id = $1::integer AND w.wallet_id = $2::uuid) w
			JOIN account_balances b ON b.book_id = $1 AND b.account_id = $7::uuid WHERE w.rank IS NOT NULL`,
	}
	bothWays(all, "history_transactions", func(member bool) string { return `WITH ` + page(member) + told(member) + toldLots })
	return all
}

// told joins to a page's rows what they refer to: the journal, what it undoes, and what undid it.
func told(member bool) string {
	return `,
	told AS MATERIALIZED (
		SELECT p.*, j.type, j.effective_at, j.explanation, j.reverses, ` + netOf(member, "j.reverses") + ` AS undoes, u.*
		FROM page p JOIN journals j ON j.book_id = $1 AND j.journal_id = p.journal_id
		LEFT JOIN LATERAL (
			SELECT sum(r.reversed_quantity)::bigint AS undone, array_agg(r.journal_id) AS undone_by, array_agg(r.type) AS undone_types,
				array_agg(` + netOf(member, "r.journal_id") + `) AS undone_nets
			FROM (SELECT r.journal_id, r.type, r.reversed_quantity FROM journals r WHERE r.book_id = $1 AND r.reverses = p.journal_id ORDER BY r.seq) r
		) u ON true
		WHERE ` + visible + `
	)`
}

// toldLots has a transaction once for each of its lots.
const toldLots = `
	SELECT t.journal_id, t.posted_at, t.version, t.net, t.balance, t.type, t.effective_at, t.explanation,
		t.reverses, t.undoes, t.undone, t.undone_by, t.undone_types, t.undone_nets,
		l.lot_id, m.quantity, l.origin, l.expires_at, m.basis, m.money
	FROM told t
	LEFT JOIN lot_movements m ON m.book_id = $1 AND m.journal_id = t.journal_id AND m.account_id = $7
	LEFT JOIN lots l ON l.book_id = $1 AND l.lot_id = m.lot_id
	ORDER BY t.posted_at DESC, t.version DESC, l.priority, l.expires_at, l.lot_id, m.line`

// netOf is what a journal did to the account: null when it did nothing there, or a member did not initiate
// it.
func netOf(member bool, journal string) string {
	rows := `postings n`
	if member {
		rows = `postings n JOIN journals i ON i.book_id = $1 AND i.journal_id = n.journal_id AND ` + mine(member, "i.initiated_by", "$8")
	}
	return `(SELECT CASE WHEN n.debit_account = $7 THEN n.debit_net ELSE n.credit_net END FROM ` + rows + `
			WHERE n.book_id = $1 AND n.journal_id = ` + journal + `
				AND ((n.debit_account = $7 AND n.debit_net IS NOT NULL) OR (n.credit_account = $7 AND n.credit_net IS NOT NULL)))`
}

func answerHistory(ctx context.Context, s *server, a *ask, out []byte) ([]byte, error) {
	reach := a.reach()
	statements := []statement{{"history_facts", reach}, a.initiated("history_transactions", reach)}
	err := s.snapshot(ctx, statements, func(r *results) error {
		found, rank, version := false, int32(0), int64(0)
		if err := r.each(func(row *row) { found, rank, version = true, row.integer(), row.bigint() }); err != nil || !found {
			out = append(out, `{"wallet":null}`...)
			return err
		}
		h := &history{ask: a, types: r.types, out: append(out, `{"wallet":{"transactions":{"edges":[`...), seesBasis: rank != rankMember}
		if err := h.read(r); err != nil {
			return fmt.Errorf("read history: %w", err)
		}
		out = appendBool(append(h.out, `],"pageInfo":{"hasNextPage":`...), h.page.more)
		out = append(out, `,"hasPreviousPage":false,"startCursor":`...)
		out = h.page.appendStart(out)
		out = h.page.appendEnd(append(out, `,"endCursor":`...))
		out = appendTotal(append(out, `},"totalCount":`...), rank, version)
		out = append(out, `}}}`...)
		return nil
	})
	return out, err
}

// history appends edges as their rows arrive. What follows the lots of a transaction waits in tail until
// its last row.
type history struct {
	*ask
	types     *pgtype.Map
	seesBasis bool
	out, tail []byte
	page      transactionsPage
	lots      int // of the transaction so far
}

// lotColumns is where the columns of a transaction's lot begin; those before are the same in all its rows.
const lotColumns = 14

func (h *history) read(r *results) error {
	var failed error
	err := r.each(func(row *row) {
		journal, _ := row.id()
		if h.page.rows == 0 || journal != h.page.journal {
			h.endNode()
			if !h.page.next(journal, row.instant(), row.bigint()) {
				return
			}
			if failed = errors.Join(failed, h.beginNode(row)); failed != nil {
				return
			}
		}
		row.at = lotColumns
		h.lot(row)
	})
	h.endNode()
	return errors.Join(err, failed)
}

func (h *history) beginNode(row *row) error {
	out := h.out
	if h.page.rows > 1 {
		out = append(out, ',')
	}
	out = appendTransactionCursor(append(out, `{"cursor":"`...), transactionsList, h.page.postedAt, h.page.version)
	out = appendTransactionID(append(out, `","node":{"id":"`...), h.ask, h.page.journal)
	net, balance := row.bigint(), row.bigint()
	out = appendName(append(out, `","type":`...), row.text())
	direction := `,"direction":"CREDIT","amount":`
	if net < 0 {
		direction = `,"direction":"DEBIT","amount":`
	}
	out = appendInt(append(out, direction...), net)
	out = appendInt(append(out, `,"runningBalance":`...), balance)
	out = appendInstant(append(out, `,"effectiveAt":`...), row.instant())
	out = appendInstant(append(out, `,"postedAt":`...), h.page.postedAt)
	out, err := appendExplanation(append(out, `,"explanation":`...), row.text())
	h.out = append(out, `,"lots":[`...)
	h.lots = 0
	h.links(row)
	return err
}

// links fills tail with what the transaction undoes and what undid it.
func (h *history) links(row *row) {
	tail := append(h.tail[:0], `],"reverses":`...)
	undone, _ := row.id()
	if net, ok := row.fixed(8); ok {
		tail = appendTransactionID(append(tail, `{"id":"`...), h.ask, undone)
		tail = append(appendInt(append(tail, `","amount":`...), int64(binary.BigEndian.Uint64(net))), '}')
	} else {
		tail = append(tail, "null"...)
	}
	units := row.bigint()
	tail = append(tail, `,"reversedBy":[`...)
	if units > 0 {
		tail = h.appendReversals(tail, row)
	}
	tail = appendInt(append(tail, `],"reversedAmount":`...), units)
	h.tail = append(tail, `}}`...)
}

// reversalsMax bounds how many reversals of a transaction are listed: the latest, oldest first.
const reversalsMax = 100

func (h *history) appendReversals(out []byte, row *row) []byte {
	journals := scan[[]ledger.ID](row, h.types, pgtype.UUIDArrayOID)
	names := scan[[]string](row, h.types, pgtype.TextArrayOID)
	nets := scan[[]*int64](row, h.types, pgtype.Int8ArrayOID)
	shown := 0
	for i := max(0, len(journals)-reversalsMax); i < len(journals); i++ {
		if nets[i] == nil {
			continue
		}
		if shown++; shown > 1 {
			out = append(out, ',')
		}
		out = appendTransactionID(append(out, `{"id":"`...), h.ask, journals[i])
		out = appendText(append(out, `","type":`...), names[i])
		out = append(appendInt(append(out, `,"amount":`...), *nets[i]), '}')
	}
	return out
}

func (h *history) lot(row *row) {
	id, moved := row.id()
	if !moved {
		return
	}
	out := h.out
	if h.lots++; h.lots > 1 {
		out = append(out, ',')
	}
	out = appendObjectID(append(out, `{"lotId":"`...), kindLot, h.book, id)
	out = appendInt(append(out, `","quantity":`...), row.bigint())
	out = appendName(append(out, `,"origin":`...), row.text())
	out = appendInstant(append(out, `,"expiresAt":`...), row.instant())
	out = append(out, `,"basis":`...)
	if basis := row.bigint(); h.seesBasis {
		out = append(appendMoney(out, row.text(), basis), '}')
	} else {
		out = append(out, `null}`...)
	}
	h.out = out
}

// endNode appends what waits behind the lots.
func (h *history) endNode() {
	h.out = append(h.out, h.tail...)
	h.tail = h.tail[:0]
}

// appendExplanation appends what a journal carries as why it was made. It is stored as JSON in the order
// of the answer, without what is empty; where no character is escaped, it need not be decoded to fill in
// the rest.
func appendExplanation(out, stored []byte) ([]byte, error) {
	if len(stored) == 0 {
		return append(out, "null"...), nil
	}
	if bytes.IndexByte(stored, '\\') >= 0 {
		return appendDecoded(out, stored)
	}
	const policyVersion, inputs = `,"policyVersion":`, `,"inputs":`
	rule, tail := bytes.TrimSuffix(stored, []byte("}")), []byte(inputs+"[]")
	if i := bytes.Index(rule, []byte(inputs)); i >= 0 {
		rule, tail = rule[:i], rule[i:]
	}
	out = append(out, rule...)
	if !bytes.Contains(rule, []byte(policyVersion)) {
		out = append(out, policyVersion+"null"...)
	}
	return append(append(out, tail...), '}'), nil
}

func appendDecoded(out, stored []byte) ([]byte, error) {
	explanation, err := domain.DecodeExplanation(stored)
	if err != nil {
		return out, err
	}
	out = appendText(append(out, `{"rule":`...), explanation.Rule)
	out = append(out, `,"policyVersion":`...)
	if explanation.PolicyVersion == "" {
		out = append(out, "null"...)
	} else {
		out = appendText(out, explanation.PolicyVersion)
	}
	out = append(out, `,"inputs":[`...)
	for i, input := range explanation.Inputs {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendText(append(out, `{"name":`...), input.Name)
		out = append(appendText(append(out, `,"value":`...), input.Value), '}')
	}
	return append(out, `]}`...), nil
}
