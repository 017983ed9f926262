package handwritten

import (
	"crypto/sha256"

	"purser/ledger"
)

// transactionsMax is the page size of both documents; one more is read to know whether there are more.
const transactionsMax = 20

var transactionsList = listOf("transactions", nil)

// listOf is the hash of a list and its filter, as cursors carry it.
func listOf(name string, filter ledger.Arguments) list {
	sum := sha256.Sum256(append([]byte(name+"\x00"), filter.Encode()...))
	return list(sum[:])
}

// page is the CTE of that name: the newest rows of a wallet's history that the caller may see, which are
// the postings that carry the net of their journal on the account $7, from either side. Each side is
// walked along its index and no further than the page. $8 is the caller's name, for members.
func page(member bool) string {
	rows := ` FROM postings q WHERE `
	if member {
		rows = ` FROM postings q JOIN journals i ON i.book_id = $1 AND i.journal_id = q.journal_id WHERE ` + mine(member, "i.initiated_by", "$8") + ` AND `
	}
	return `page AS (SELECT journal_id, posted_at, version, net, balance FROM (
		(SELECT q.journal_id, q.posted_at, q.debit_version AS version, q.debit_net AS net, q.debit_balance AS balance` + rows + `
			q.book_id = $1 AND q.debit_account = $7::uuid AND q.debit_net IS NOT NULL
		ORDER BY q.posted_at DESC, q.debit_version DESC LIMIT 21)
		UNION ALL
		(SELECT q.journal_id, q.posted_at, q.credit_version, q.credit_net, q.credit_balance` + rows + `
			q.book_id = $1 AND q.credit_account = $7 AND q.credit_net IS NOT NULL
		ORDER BY q.posted_at DESC, q.credit_version DESC LIMIT 21)
	) sides ORDER BY posted_at DESC, version DESC LIMIT 21)`
}

// transactionsPage follows the rows of a page as they are read.
type transactionsPage struct {
	rows     int
	more     bool
	journal  ledger.ID
	postedAt int64
	version  int64
	// first is the key that the page begins at.
	first struct{ postedAt, version int64 }
}

// next goes on to a row. It is false for the row that is one too many.
func (p *transactionsPage) next(journal ledger.ID, postedAt, version int64) bool {
	if p.rows == transactionsMax {
		p.more = true
		return false
	}
	p.rows++
	p.journal, p.postedAt, p.version = journal, postedAt, version
	if p.rows == 1 {
		p.first.postedAt, p.first.version = postedAt, version
	}
	return true
}

func (p *transactionsPage) appendStart(out []byte) []byte {
	return p.appendCursor(out, p.first.postedAt, p.first.version)
}

func (p *transactionsPage) appendEnd(out []byte) []byte {
	return p.appendCursor(out, p.postedAt, p.version)
}

func (p *transactionsPage) appendCursor(out []byte, postedAt, version int64) []byte {
	if p.rows == 0 {
		return append(out, "null"...)
	}
	return append(appendTransactionCursor(append(out, '"'), transactionsList, postedAt, version), '"')
}
