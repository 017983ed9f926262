package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"purser/ledger"
)

// ChainCheck is what VerifyChain found of one book.
type ChainCheck struct {
	Book ledger.BookID
	// Journals, Links and Checkpoints were compared; Unlinked journals are after the
	// last link: an older version wrote them, and the next link will cover them.
	Journals, Links, Checkpoints, Unlinked int64
	// Broken is the first contradiction, at or just before the journal of BrokenSeq;
	// empty when there is none.
	Broken    string
	BrokenSeq int64
}

// OK reports whether the chain recomputes from the rows.
func (c *ChainCheck) OK() bool { return c.Broken == "" }

// String describes the first contradiction, by book and seq.
func (c *ChainCheck) String() string {
	return fmt.Sprintf("book %d, seq %d: %s", c.Book, c.BrokenSeq, c.Broken)
}

const (
	chainHeadSQL = `-- name: chain_head
		SELECT h.seq, h.hash, h.hashed_seq,
			coalesce((SELECT max(j.seq) FROM journals j WHERE j.book_id = h.book_id), 0),
			coalesce((SELECT max(b.last_seq) FROM batches b WHERE b.book_id = h.book_id AND b.root IS NOT NULL), 0),
			coalesce((SELECT max(c.seq) FROM checkpoints c WHERE c.book_id = h.book_id), 0)
		FROM book_heads h WHERE h.book_id = $1`
	chainLinksSQL = `-- name: chain_links
		SELECT last_seq, first_seq, posted_at, root, hash FROM batches
		WHERE book_id = $1 AND last_seq > $2 AND last_seq <= $3 ORDER BY last_seq`
	chainCheckpointsSQL = `-- name: chain_checkpoints
		SELECT seq, hash, signed_at, public_key, signature FROM checkpoints
		WHERE book_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq`

	strayPostingsSQL = `-- name: chain_stray_postings
		WITH n AS MATERIALIZED (
			SELECT p.journal_id, p.line FROM postings p
			WHERE p.book_id = $1 AND (p.journal_id, p.line) > ($2, $3) ORDER BY p.journal_id, p.line LIMIT $4)` + strayTail
	strayMovementsSQL = `-- name: chain_stray_movements
		WITH n AS MATERIALIZED (
			SELECT m.journal_id, m.line FROM lot_movements m
			WHERE m.book_id = $1 AND (m.journal_id, m.line) > ($2, $3) ORDER BY m.journal_id, m.line LIMIT $4)` + strayTail
	// strayTail counts the rows, finds the last of them, and one without a journal.
	strayTail = `
		SELECT (SELECT count(line) FROM n), coalesce(l.journal_id, $2), coalesce(l.line, $3), (
			SELECT n.journal_id FROM n WHERE NOT EXISTS (
				SELECT FROM journals j WHERE j.book_id = $1 AND j.journal_id = n.journal_id) LIMIT 1)
		FROM (VALUES (1)) one (one) LEFT JOIN (
			SELECT journal_id, line FROM n ORDER BY journal_id DESC, line DESC LIMIT 1) l ON true`
)

// strayRows is how many postings or movements one statement looks for journals of.
const strayRows = 5000

// VerifyChain recomputes a book's chain (I21): every leaf from the rows of its
// journal, every root and link, and compares them with the batches, the head and
// the checkpoints. It stops at the first contradiction. It reads slice by slice in
// bounded memory, each slice in statements of its own: what the chain covers never
// changes, so that it may run while traffic does. progress, which may be nil, is
// told the seq it has come to and the one it goes to. It returns ErrUnavailable
// when the database did not answer.
//
// It finds any change of rows that does not recompute the chain after it. Against
// someone who does that too, only a checkpoint that was exported helps.
func (db *DB) VerifyChain(ctx context.Context, book ledger.BookID, progress func(seq, to int64)) (ChainCheck, error) {
	v := &chainVerifier{ChainCheck: ChainCheck{Book: book}}
	if err := v.run(ctx, db, progress); err != nil {
		return v.ChainCheck, fmt.Errorf("verify the chain of book %d after seq %d: %w", book, v.seq, readError(err))
	}
	return v.ChainCheck, nil
}

// chainVerifier walks a book's journals with what closes over them: links and
// checkpoints.
type chainVerifier struct {
	ChainCheck
	hasher ledger.Hasher
	tree   ledger.MerkleTree // of the journals since the last link
	seq    int64             // of the last journal
	posted time.Time         // its posting time
	linked int64             // seq of the last link
	head   ledger.Hash       // after the last link
	batch  int64             // seq that the last batch ended with
}

// storedLink is a row of batches; root and hash are nil where no link was made.
type storedLink struct {
	last, first int64
	posted      pgtype.Timestamptz
	root, hash  []byte
}

func (v *chainVerifier) expect(holds bool, seq int64, format string, args ...any) {
	if !holds && v.OK() {
		v.Broken, v.BrokenSeq = fmt.Sprintf(format, args...), seq
	}
}

func (v *chainVerifier) run(ctx context.Context, db *DB, progress func(seq, to int64)) error {
	var seq, hashed, journals, links, checkpoints int64
	var hash []byte
	if err := db.read.QueryRow(ctx, chainHeadSQL, v.Book).Scan(&seq, &hash, &hashed, &journals, &links, &checkpoints); err != nil {
		return err
	}
	v.Unlinked = seq - hashed
	for v.seq < hashed && v.OK() {
		if err := v.slice(ctx, db, min(v.seq+chainJournals, hashed)); err != nil {
			return err
		}
		if progress != nil && v.OK() {
			progress(v.seq, hashed)
		}
	}
	v.expect(v.linked == hashed, hashed, "the head covers the journals to seq %d, the links those to seq %d", hashed, v.linked)
	v.expect(v.head == hashOf(hash), hashed, "the head's hash is not that of the last link")
	v.expect(links == hashed, links, "there is a link at seq %d beyond the head's at seq %d", links, hashed)
	v.expect(checkpoints <= hashed, checkpoints, "the head at seq %d was signed, and the chain now ends at seq %d", checkpoints, hashed)
	v.expect(journals == seq, journals, "the last journal has seq %d, the head has %d", journals, seq)
	for _, statement := range []string{strayPostingsSQL, strayMovementsSQL} {
		if err := v.strays(ctx, db, statement); err != nil {
			return err
		}
	}
	return nil
}

// strays looks for rows that no journal has, and so no leaf covers, although pages
// by account would show them.
func (v *chainVerifier) strays(ctx context.Context, db *DB, statement string) error {
	var after ledger.ID
	afterLine := int16(-1)
	for rows := int64(strayRows); rows == strayRows && v.OK(); {
		var stray *ledger.ID
		err := db.read.QueryRow(ctx, statement, v.Book, after, afterLine, strayRows).Scan(&rows, &after, &afterLine, &stray)
		if err != nil {
			return err
		}
		v.expect(stray == nil, 0, "a posting or movement belongs to journal %s, which does not exist", orZero(stray))
	}
	return nil
}

// slice checks the journals up to seq to, with the links and checkpoints among them.
func (v *chainVerifier) slice(ctx context.Context, db *DB, to int64) error {
	var links []storedLink
	var checkpoints []ledger.Checkpoint
	after := v.seq
	slice, err := readChain(ctx, db.read, v.Book, after, to, func(batch *pgx.Batch) {
		batch.Queue(chainLinksSQL, v.Book, after, to).Query(each(func(rows pgx.Rows) error {
			var link storedLink
			err := rows.Scan(&link.last, &link.first, &link.posted, &link.root, &link.hash)
			links = append(links, link)
			return err
		}))
		batch.Queue(chainCheckpointsSQL, v.Book, after, to).Query(each(func(rows pgx.Rows) error {
			c, err := scanCheckpoint(rows, v.Book)
			checkpoints = append(checkpoints, c)
			return err
		}))
	})
	if err != nil {
		return err
	}
	for i := range slice {
		v.journal(&slice[i])
		for ; len(links) > 0 && links[0].last <= v.seq && v.OK(); links = links[1:] {
			v.link(&links[0])
		}
		for ; len(checkpoints) > 0 && checkpoints[0].Seq <= v.seq && v.OK(); checkpoints = checkpoints[1:] {
			v.checkpoint(&checkpoints[0])
		}
		if !v.OK() {
			return nil
		}
	}
	v.expect(v.seq == to, v.seq+1, "the journal is missing")
	return nil
}

func (v *chainVerifier) journal(j *chainJournal) {
	v.expect(j.Seq == v.seq+1, v.seq+1, "the journal is missing")
	v.expect(j.problem == "", j.Seq, "%s", j.problem)
	v.seq, v.posted = j.Seq, j.PostedAt
	v.tree.Add(j.leaf(&v.hasher))
	v.Journals++
}

// link checks a batch that ends with the journal just added; one without a root
// leaves its journals to the next link.
func (v *chainVerifier) link(link *storedLink) {
	v.expect(link.first == v.batch+1, link.last, "its batch begins at seq %d, the one before ends at seq %d", link.first, v.batch)
	v.batch = link.last
	if link.root != nil {
		root := v.tree.Root()
		v.expect(root == hashOf(link.root), link.last,
			"the journals of seq %d to %d do not hash to the root of their link", v.linked+1, link.last)
		v.head, v.linked, v.tree = ledger.Link(v.Book, link.last, v.head, root), link.last, ledger.MerkleTree{}
		v.expect(v.head == hashOf(link.hash), link.last, "the link does not follow from its root and the link before")
		v.Links++
	}
	v.expect(link.posted.InfinityModifier == pgtype.Finite && link.posted.Time.Equal(v.posted), link.last, "its batch has another posted_at")
}

func (v *chainVerifier) checkpoint(c *ledger.Checkpoint) {
	v.expect(c.Seq == v.linked, c.Seq, "a checkpoint was signed where there is no link")
	v.expect(c.Hash == v.head, c.Seq, "the chain has another hash than was signed %s", c.SignedAt.Format(time.RFC3339))
	v.expect(c.Valid(), c.Seq, "the signature of the checkpoint is not of its public key")
	v.Checkpoints++
}

// hashOf reads a stored digest; null is the zero hash.
func hashOf(stored []byte) (hash ledger.Hash) {
	copy(hash[:], stored)
	return hash
}
