package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"purser/ledger"
)

// save is the second round trip: all rows of the batch as column arrays, the
// effects, the head, and the commit.
func (s *Store) save(ctx context.Context, conn *pgxpool.Conn, w *ledger.Writes) error {
	batch := &pgx.Batch{}
	saveHead(batch, w)
	if err := s.queueRows(batch, w); err != nil {
		return err
	}
	batch.Queue("-- name: commit\nCOMMIT")
	return conn.SendBatch(ctx, batch).Close()
}

// queueRows queues all of a batch but its head.
func (s *Store) queueRows(batch *pgx.Batch, w *ledger.Writes) error {
	s.saveAccounts(batch, w)
	saveJournals(batch, w)
	savePostings(batch, w)
	saveLots(batch, w)
	saveMovements(batch, w)
	saveDays(batch, w)
	saveHolds(batch, w)
	saveLimits(batch, w)
	savePeriods(batch, w)
	saveKeys(batch, w)
	if err := s.saveEffects(batch, w); err != nil {
		return err
	}
	saveBalances(batch, w)
	saveBatchRow(batch, w)
	if !s.options.OutboxOff {
		saveOutbox(batch, w)
	}
	return nil
}

func (s *Store) saveEffects(batch *pgx.Batch, w *ledger.Writes) error {
	written := 0
	for _, effect := range s.effects {
		for _, rows := range w.Effects {
			if rows.Kind == effect.kind {
				effect.write(batch, w.Book, rows.Rows)
				written++
			}
		}
	}
	if written < len(w.Effects) {
		return fmt.Errorf("an effect of this batch has no registered write")
	}
	return nil
}

func (s *Store) saveAccounts(batch *pgx.Batch, w *ledger.Writes) {
	if len(w.Opened) == 0 {
		return
	}
	n := len(w.Opened)
	ids, owners := make([]ledger.ID, n), make([]*ledger.ID, n)
	codes, classes, commodities := make([]string, n), make([]string, n), make([]string, n)
	creditNormal, floored := make([]bool, n), make([]bool, n)
	for i, account := range w.Opened {
		class, _ := s.rules.Class(account.Class)
		ids[i], codes[i], classes[i], commodities[i] = account.ID, account.Code, account.Class, string(account.Commodity)
		owners[i], creditNormal[i], floored[i] = optionalID(account.Owner), class.Normal == ledger.Credit, class.Floored
	}
	batch.Queue(`-- name: accounts_write
		INSERT INTO accounts (book_id, account_id, code, class, commodity, owner_id, opened_at)
		SELECT $1::integer, account_id, code, class, commodity, owner_id, $2::timestamptz
		FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[]) AS n (account_id, code, class, commodity, owner_id)`,
		w.Book, w.PostedAt, ids, codes, classes, commodities, owners)
	batch.Queue(`-- name: account_balances_write
		INSERT INTO account_balances (book_id, account_id, credit_normal, floored)
		SELECT $1::integer, account_id, credit_normal, floored
		FROM unnest($2::uuid[], $3::boolean[], $4::boolean[]) AS n (account_id, credit_normal, floored)`, w.Book, ids, creditNormal, floored)
}

var journalsWrite = newRowsWrite(`-- name: journals_write
	INSERT INTO journals (book_id, posted_at, journal_id, seq, template, template_version, type, arguments, effective_at, booked_on,
		wallet_id, subject_type, subject_id, explanation, initiated_by, reverses, reversed_quantity, hold_id, hold_event,
		group_id, group_size)
	SELECT $1::integer, $2::timestamptz, n.*
	FROM unnest($3::uuid[], $4::bigint[], $5::text[], $6::integer[], $7::text[], $8::bytea[], $9::timestamptz[], $10::date[],
		$11::uuid[], $12::text[], $13::text[], $14::bytea[], $15::text[], $16::uuid[], $17::bigint[], $18::uuid[], $19::text[],
		$20::uuid[], $21::smallint[]) AS n`)

func saveJournals(batch *pgx.Batch, w *ledger.Writes) {
	if len(w.Journals) == 0 {
		return
	}
	n := len(w.Journals)
	ids, wallets, reverses := make([]ledger.ID, n), make([]*ledger.ID, n), make([]*ledger.ID, n)
	seqs, quantities, versions := make([]int64, n), make([]*int64, n), make([]int32, n)
	templates, types, initiators := make([]string, n), make([]string, n), make([]string, n)
	holds, holdEvents := make([]*ledger.ID, n), make([]*string, n)
	groups, groupSizes := make([]*ledger.ID, n), make([]*int16, n)
	arguments, explanations := make([][]byte, n), make([][]byte, n)
	effective, booked := make([]time.Time, n), make([]time.Time, n)
	subjectTypes, subjectIDs := make([]*string, n), make([]*string, n)
	for i := range w.Journals {
		j := &w.Journals[i]
		ids[i], seqs[i], templates[i], versions[i], types[i] = j.ID, j.Seq, j.Template, j.TemplateVersion, j.Type
		arguments[i], effective[i], booked[i], wallets[i] = j.Arguments.Encode(), j.EffectiveAt, j.BookedOn.Time(), optionalID(j.Wallet)
		subjectTypes[i], subjectIDs[i], explanations[i] = optional(j.Subject.Type), optional(j.Subject.ID), j.Explanation
		initiators[i], reverses[i], quantities[i] = j.InitiatedBy, optionalID(j.Reverses), optional(j.Quantity)
		holds[i], holdEvents[i] = optionalID(j.Hold), optional(string(j.HoldEvent))
		groups[i], groupSizes[i] = optionalID(j.Group), optional(j.GroupSize)
	}
	journalsWrite.queue(batch, []any{w.Book, w.PostedAt}, ids, seqs, templates, versions, types, arguments, effective, booked,
		wallets, subjectTypes, subjectIDs, explanations, initiators, reverses, quantities, holds, holdEvents, groups, groupSizes)
}

var postingsWrite = newRowsWrite(`-- name: postings_write
	INSERT INTO postings (book_id, posted_at, journal_id, line, debit_account, credit_account, commodity, amount,
		debit_version, debit_balance, debit_net, credit_version, credit_balance, credit_net)
	SELECT $1::integer, $2::timestamptz, n.*
	FROM unnest($3::uuid[], $4::smallint[], $5::uuid[], $6::uuid[], $7::text[], $8::bigint[],
		$9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[]) AS n`)

func savePostings(batch *pgx.Batch, w *ledger.Writes) {
	if len(w.Postings) == 0 {
		return
	}
	n := len(w.Postings)
	journals, debits, credits := make([]ledger.ID, n), make([]ledger.ID, n), make([]ledger.ID, n)
	lines, commodities, amounts := make([]int16, n), make([]string, n), make([]int64, n)
	debitVersions, debitBalances, debitNets := make([]int64, n), make([]int64, n), make([]*int64, n)
	creditVersions, creditBalances, creditNets := make([]int64, n), make([]int64, n), make([]*int64, n)
	for i := range w.Postings {
		p := &w.Postings[i]
		journals[i], lines[i], debits[i], credits[i] = p.Journal, p.Line, p.Debit, p.Credit
		commodities[i], amounts[i] = string(p.Commodity), p.Amount
		debitVersions[i], debitBalances[i], debitNets[i] = p.DebitVersion, p.DebitBalance, p.DebitNet
		creditVersions[i], creditBalances[i], creditNets[i] = p.CreditVersion, p.CreditBalance, p.CreditNet
	}
	postingsWrite.queue(batch, []any{w.Book, w.PostedAt}, journals, lines, debits, credits, commodities, amounts,
		debitVersions, debitBalances, debitNets, creditVersions, creditBalances, creditNets)
}

var trialDaysWrite = newRowsWrite(`-- name: trial_days_write
	INSERT INTO trial_days AS d (book_id, booked_on, class, commodity, debits, credits)
	SELECT $1::integer, n.* FROM unnest($2::date[], $3::text[], $4::text[], $5::bigint[], $6::bigint[]) AS n
	ON CONFLICT ON CONSTRAINT trial_days_pkey DO UPDATE SET debits = d.debits + excluded.debits, credits = d.credits + excluded.credits`)

// saveDays adds to the trial balance of booking days, and to what was booked on
// another day than it was posted on. What accounts do on the day itself, which is
// nearly all, their postings tell in their order
// (docs/adr/0017-balances-of-booking-days.md).
func saveDays(batch *pgx.Batch, w *ledger.Writes) {
	if len(w.Trial) == 0 {
		return
	}
	saveBackDated(batch, w)
	n := len(w.Trial)
	classes, commodities := make([]string, n), make([]string, n)
	days, debits, credits := make([]time.Time, n), make([]int64, n), make([]int64, n)
	for i, delta := range w.Trial {
		classes[i], commodities[i], days[i] = delta.Class, string(delta.Commodity), delta.Day.Time()
		debits[i], credits[i] = delta.Debits, delta.Credits
	}
	trialDaysWrite.queue(batch, []any{w.Book}, days, classes, commodities, debits, credits)
}

func saveBackDated(batch *pgx.Batch, w *ledger.Writes) {
	n := len(w.BackDated)
	if n == 0 {
		return
	}
	accounts, posted, booked := make([]ledger.ID, n), make([]time.Time, n), make([]time.Time, n)
	debits, credits := make([]int64, n), make([]int64, n)
	for i, delta := range w.BackDated {
		accounts[i], posted[i], booked[i] = delta.Account, delta.PostedOn.Time(), delta.BookedOn.Time()
		debits[i], credits[i] = delta.Debits, delta.Credits
	}
	batch.Queue(`-- name: account_back_dated_write
		INSERT INTO account_back_dated AS d (book_id, account_id, posted_on, booked_on, debits, credits)
		SELECT $1::integer, n.* FROM unnest($2::uuid[], $3::date[], $4::date[], $5::bigint[], $6::bigint[]) AS n
		ON CONFLICT ON CONSTRAINT account_back_dated_pkey DO UPDATE SET debits = d.debits + excluded.debits, credits = d.credits + excluded.credits`,
		w.Book, accounts, posted, booked, debits, credits)
}

var keysWrite = newRowsWrite(`-- name: keys_write
	INSERT INTO idempotency_keys (book_id, decided_at, principal, mutation, owner_id, key, fingerprint, command_id, seq, refusal, facts)
	SELECT $1::integer, $2::timestamptz, n.*
	FROM unnest($3::text[], $4::text[], $5::uuid[], $6::text[], $7::bytea[], $8::uuid[], $9::bigint[], $10::text[], $11::bytea[]) AS n`)

func saveKeys(batch *pgx.Batch, w *ledger.Writes) {
	n := len(w.Keys)
	principals, mutations, keys, owners := make([]string, n), make([]string, n), make([]string, n), make([]ledger.ID, n)
	fingerprints, commands, seqs := make([][]byte, n), make([]ledger.ID, n), make([]*int64, n)
	refusals, facts := make([]*string, n), make([][]byte, n)
	for i := range w.Keys {
		key, stored := &w.Keys[i].Key, &w.Keys[i].Stored
		principals[i], mutations[i], owners[i], keys[i] = key.Scope.Principal, key.Scope.Mutation, key.Scope.Owner, key.Key
		fingerprints[i], commands[i] = stored.Fingerprint[:], stored.Command
		if stored.Refusal == nil {
			seqs[i] = &stored.Seq
			continue
		}
		code := stored.Refusal.Code()
		refusals[i], facts[i] = &code, stored.Refusal.Facts().Encode()
	}
	keysWrite.queue(batch, []any{w.Book, w.PostedAt}, principals, mutations, owners, keys, fingerprints, commands, seqs, refusals, facts)
	if n = len(w.Once); n == 0 {
		return
	}
	once, journals := make([]string, n), make([]ledger.ID, n)
	for i, row := range w.Once {
		once[i], journals[i] = row.Once, row.Journal
	}
	batch.Queue(`-- name: once_write
		INSERT INTO once_keys (book_id, once_key, journal_id)
		SELECT $1::integer, n.* FROM unnest($2::text[], $3::uuid[]) AS n`, w.Book, once, journals)
}

// saveBalances fails the batch when a balance is not at the version the fold
// saw: someone wrote past the head lock.
func saveBalances(batch *pgx.Batch, w *ledger.Writes) {
	n := len(w.Balances)
	if n == 0 {
		return
	}
	accounts, before := make([]ledger.ID, n), make([]int64, n)
	debits, credits, versions, statuses := make([]int64, n), make([]int64, n), make([]int64, n), make([]string, n)
	for i := range w.Balances {
		change := &w.Balances[i]
		accounts[i], before[i], debits[i], credits[i] = change.Account, change.VersionBefore, change.Balance.Debits, change.Balance.Credits
		versions[i], statuses[i] = change.Balance.Version, string(change.Balance.Status)
	}
	batch.Queue(`-- name: account_balances_update
		WITH changed AS (
			UPDATE account_balances b SET debits = n.debits, credits = n.credits, version = n.version, status = n.status
			FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[])
				AS n (account_id, version_before, debits, credits, version, status)
			WHERE b.book_id = $1 AND b.account_id = n.account_id AND b.version = n.version_before
			RETURNING b.account_id)
		SELECT ledger_require(count(account_id) = cardinality($2::uuid[]), 'account_balances_version') FROM changed`,
		w.Book, accounts, before, debits, credits, versions, statuses)
}

func saveHead(batch *pgx.Batch, w *ledger.Writes) {
	if w.LastSeq < w.FirstSeq {
		return
	}
	batch.Queue(`-- name: head_update
		WITH changed AS (
			UPDATE book_heads SET seq = $2, last_posted_at = $4, hash = coalesce($5, hash),
				hashed_seq = CASE WHEN $5::bytea IS NULL THEN hashed_seq ELSE $2 END
			WHERE book_id = $1 AND seq = $3 - 1 RETURNING book_id)
		SELECT ledger_require(count(book_id) = 1, 'book_heads_seq') FROM changed`, w.Book, w.LastSeq, w.FirstSeq, w.PostedAt, optionalHash(w.Hash))
}

func saveBatchRow(batch *pgx.Batch, w *ledger.Writes) {
	if w.LastSeq < w.FirstSeq {
		return
	}
	batch.Queue(`-- name: batches_write
		INSERT INTO batches (book_id, last_seq, first_seq, posted_at, root, hash) VALUES ($1, $2, $3, $4, $5, $6)`,
		w.Book, w.LastSeq, w.FirstSeq, w.PostedAt, optionalHash(w.Root), optionalHash(w.Hash))
}

// optionalHash stores no hash as null.
func optionalHash(hash ledger.Hash) []byte {
	if hash == (ledger.Hash{}) {
		return nil
	}
	return hash[:]
}

// optional stores a zero value as null.
func optional[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

func optionalID(id ledger.ID) *ledger.ID { return optional(id) }
